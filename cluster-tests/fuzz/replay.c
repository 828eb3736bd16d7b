/* Runs a target on files, each named or in a directory named: stands in for libFuzzer where that is
 * not there, so that the corpus is an ordinary test in every build. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { PATH_SIZE = 4096 };

static unsigned files;

static void run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    ensure(file != NULL);
    struct writer content;
    writer_init(&content, 0);
    int byte;
    while ((byte = fgetc(file)) != EOF)
        writer_put_u8(&content, (uint8_t)byte);
    fclose(file);
    /* A copy of exactly that size, so that sanitizers see reads past its end. */
    struct slice bytes = writer_slice(&content);
    uint8_t *copy = malloc(bytes.size + (bytes.size == 0));
    ensure(copy != NULL);
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    LLVMFuzzerTestOneInput(copy, bytes.size);
    free(copy);
    writer_deinit(&content);
    files++;
}

static void run_directory(const char *path)
{
    char inner[PATH_SIZE];
    DIR *directory = opendir(path);
    ensure(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        run_file(inner);
    }
    closedir(directory);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct stat status;
        int result = stat(argv[i], &status);
        ensure(result == 0);
        if (S_ISDIR(status.st_mode))
            run_directory(argv[i]);
        else
            run_file(argv[i]);
    }
    printf("%u inputs\n", files);
    return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
