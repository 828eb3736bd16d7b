"""The rules of tidy.py. Each is a function of a Tree that yields problems as strings."""
import fnmatch
import pathlib
import re
import shutil
import subprocess

# Bottom up: a folder may include headers of its own and of those before it. What is not listed
# assembles the rest and may include everything.
LAYERS = [
    "common", "proto", "node/store", "node/membership", "node/replica", "node/repair",
    "node/coordinator", "node/core", "node/api", "node/http", "node/admin",
]
ASSEMBLIES = ["node/runtime", "node/admin/tool", "cluster-tests"]
# Beside its layer, but it drives RocksDB: it is neither pure nor without threads.
IMPURE = ["node/store/rocksdb"]

PURE_SYSTEM_HEADERS = {
    "ctype.h", "errno.h", "float.h", "inttypes.h", "limits.h", "llhttp.h", "math.h", "stdarg.h",
    "stdbool.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "strings.h", "xxhash.h",
    "libdeflate.h", "yyjson.h", "zlib.h", "protobuf-c/protobuf-c.h", "stdatomic.h",
}
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
# The version whose formatting is the project's; others differ in places.
CLANG_FORMAT_MAJOR = 14

UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
FOREIGN = re.compile(
    r"/wo" r"rk/|/ro" r"ot/|deb\.deb" r"ian\.org|registry\.np" r"mjs|py" r"pi\.org"
    r"|files\.python" r"hosted|proxy\.go" r"lang"
)


class Tree:
    """A source tree, and the build directory with the libraries made from it (or None)."""

    def __init__(self, root, build=None):
        self.root = pathlib.Path(root)
        self.build = pathlib.Path(build) if build else None

    def files(self, *suffixes):
        """Paths relative to the root of all files that git tracks or would track."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"],
            cwd=self.root, capture_output=True, text=True, check=True,
        ).stdout.splitlines()
        paths = (pathlib.PurePosixPath(line) for line in sorted(set(listed)))
        return [
            path for path in paths
            if (not suffixes or path.suffix in suffixes) and (self.root / path).is_file()
        ]

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def first_line(self, path):
        with open(self.root / path, encoding="utf-8", errors="replace") as file:
            return file.readline()

    def libraries(self):
        """The static libraries of the pure folders."""
        return [
            library for layer in LAYERS for library in sorted((self.build / layer).glob("lib*.a"))
        ]


def folder_of(path, folders):
    """The longest of `folders` that holds `path`, or None."""
    inside = [folder for folder in folders if str(path).startswith(folder + "/")]
    return max(inside, key=len) if inside else None


def includes_of(tree, path):
    for number, line in enumerate(tree.text(path).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def check_layers(tree):
    """A folder includes only headers of folders below it."""
    places = LAYERS + ASSEMBLIES
    homes = {path.name: folder_of(path, places) for path in tree.files(".h")}
    for path in tree.files(".c", ".h"):
        folder = folder_of(path, places)
        if folder not in LAYERS or "tests" in path.parts:
            continue
        for number, own, name in includes_of(tree, path):
            home = homes.get(name)
            if not own or home is None:
                continue
            if home not in LAYERS or LAYERS.index(home) > LAYERS.index(folder):
                yield f"{path}:{number}: {folder} must not include {name} of {home}, above it"


def check_headers_pure(tree):
    """Pure folders include no system header that does I/O."""
    for path in tree.files(".c", ".h"):
        if folder_of(path, LAYERS + ASSEMBLIES + IMPURE) not in LAYERS or "tests" in path.parts:
            continue
        for number, own, name in includes_of(tree, path):
            if not own and name not in PURE_SYSTEM_HEADERS:
                yield f"{path}:{number}: a pure folder must not include <{name}>"


def archive_symbols(library, *options):
    """Pairs (object, symbol) of an archive."""
    listed = subprocess.run(
        ["nm", "-A", "-P", *options, str(library)], capture_output=True, text=True, check=True
    ).stdout
    for line in listed.splitlines():
        place, symbol = line.split()[:2]
        yield re.search(r"\[(.*)\]", place).group(1).rsplit("/")[-1].removesuffix(".o"), symbol


def allowed_symbols():
    path = pathlib.Path(__file__).with_name("allowed-symbols.txt")
    lines = (line.split("#")[0].split() for line in path.read_text().splitlines())
    return [pattern for patterns in lines for pattern in patterns]


def symbol_allowed(source, symbol, patterns):
    # _FORTIFY_SOURCE and newer C standards rename functions that are allowed under their own name.
    plain = re.sub(r"^__(isoc\d+_)?(.*?)(_chk)?$", r"\2", symbol)
    names = {symbol, plain, f"{source}:{symbol}", f"{source}:{plain}"}
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)


def check_symbols_pure(tree):
    """Objects of pure folders call nothing but each other and an allow-list."""
    if tree.build is None:
        return
    patterns = allowed_symbols()
    defined = {
        symbol for library in tree.libraries()
        for _, symbol in archive_symbols(library, "--defined-only", "-g")
    }
    for library in tree.libraries():
        for source, symbol in archive_symbols(library, "-u"):
            if symbol not in defined and not symbol_allowed(source, symbol, patterns):
                yield f"{library.name}: {source} uses {symbol}, which is not in allowed-symbols.txt"


def check_globals(tree):
    """Objects of pure folders hold no mutable data."""
    if tree.build is None:
        return
    for library in tree.libraries():
        listed = subprocess.run(
            ["size", "-A", str(library)], capture_output=True, text=True, check=True
        ).stdout
        source = ""
        for line in listed.splitlines():
            words = line.split()
            if len(words) > 1 and words[1].startswith("(ex") or line.endswith(":"):
                source = words[0]
            elif len(words) == 3 and words[1] != "0" and is_mutable_section(words[0]):
                yield f"{library.name}: {source} has {words[1]} bytes of mutable data in {words[0]}"


def is_mutable_section(name):
    if name.startswith(".data.rel.ro"):
        return False
    return re.match(r"\.(data|bss|tdata|tbss)(\.|$)", name) is not None


def check_first_lines(tree):
    """Every header begins with what it is, under its own name."""
    for path in tree.files(".h"):
        if not tree.text(path).startswith(f"/* {path.stem}: "):
            yield f"{path}:1: must begin with '/* {path.stem}: ...'"


def check_file_length(tree):
    """Files are short."""
    for path in tree.files(".c", ".h", ".py", ".sh"):
        lines = tree.text(path).count("\n")
        if lines > FILE_LINES_MAX:
            yield f"{path}: {lines} lines, more than {FILE_LINES_MAX}"


def check_function_length(tree):
    """Functions are short. Their braces stand alone in column 0, as clang-format puts them."""
    for path in tree.files(".c", ".h"):
        start = None
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if line == "{":
                start = number
            elif line == "}" and start is not None:
                if number - start + 1 > FUNCTION_LINES_MAX:
                    yield f"{path}:{start}: function of {number - start + 1} lines"
                start = None


def clang_format():
    """The path of the right clang-format, or None."""
    for name in (f"clang-format-{CLANG_FORMAT_MAJOR}", "clang-format"):
        path = shutil.which(name)
        if path:
            version = subprocess.run([path, "--version"], capture_output=True, text=True).stdout
            if re.search(rf"version {CLANG_FORMAT_MAJOR}\.", version):
                return path
    return None


def check_format(tree):
    """clang-format would change nothing."""
    program = clang_format()
    paths = [str(path) for path in tree.files(".c", ".h")]
    if program is None or not paths:
        return
    result = subprocess.run(
        [program, "--dry-run", *paths], cwd=tree.root, capture_output=True, text=True
    )
    seen = set()
    for line in result.stderr.splitlines():
        match = re.match(r"([^:]+):(\d+):.*clang-format-violations", line)
        if match and match.group(1) not in seen:
            seen.add(match.group(1))
            yield f"{match.group(1)}:{match.group(2)}: not as clang-format has it"


def check_shell(tree):
    """shellcheck finds nothing in scripts."""
    scripts = [
        str(path) for path in tree.files() if re.match(r"#!.*\bbash\b", tree.first_line(path))
    ]
    if shutil.which("shellcheck") is None or not scripts:
        return
    result = subprocess.run(
        ["shellcheck", "--external-sources", "--format=gcc", *scripts], cwd=tree.root,
        capture_output=True, text=True,
    )
    yield from result.stdout.splitlines()


def built_names(tree):
    """What meson.build files quote, per folder: file names, and stems that a foreach expands."""
    names = {}
    for path in tree.files(".build"):
        quoted = re.findall(r"'([^'\n]+)'", tree.text(path))
        names[path.parent] = {name.rsplit("/")[-1] for name in quoted}
    return names


def check_dead_files(tree):
    """Every C file is built, and every header is included."""
    names = built_names(tree)
    included = {
        name for path in tree.files(".c", ".h") for _, own, name in includes_of(tree, path) if own
    }
    for path in tree.files(".c", ".proto"):
        quoted = set().union(*(names.get(folder, set()) for folder in path.parents))
        stems = {path.stem, re.sub(r"^(test|fuzz|bench)_", "", path.stem)}
        if path.name not in quoted and not stems & quoted:
            yield f"{path}: in no meson.build"
    for path in tree.files(".h"):
        if path.name not in included:
            yield f"{path}: included by nothing"


def check_unfinished(tree):
    """Nothing is marked as left to do."""
    yield from lines_matching(tree, UNFINISHED, "marked as unfinished")


def check_foreign(tree):
    """No file names one machine's paths or a package registry's host."""
    yield from lines_matching(tree, FOREIGN, "names a machine's path or a registry's host")


def lines_matching(tree, pattern, complaint):
    for path in tree.files():
        if path.name == "LICENSE":
            continue
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if pattern.search(line):
                yield f"{path}:{number}: {complaint}"


RULES = [
    check_layers, check_headers_pure, check_symbols_pure, check_globals, check_first_lines,
    check_file_length, check_function_length, check_format, check_shell,
    check_dead_files, check_unfinished, check_foreign,
]
