#!/usr/bin/python3
"""Checks the shape of the tree: layers, purity, lengths, leftovers.

Usage: tidy.py [--build DIR]

DIR is a build without sanitizers; without it the rules about compiled objects are left out. First
every rule must find a violation that is planted in a small tree of its own; then the rules are
applied to this tree.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

import tidy_rules as rules

HEADER = "/* bytes: some bytes. */\n#pragma once\nint bytes_size(void);\n"
SOURCE = '#include "bytes.h"\n\nint bytes_size(void)\n{\n    return 0;\n}\n'
# A tree without fault.
CLEAN = {
    "common/bytes.h": HEADER,
    "common/bytes.c": SOURCE,
    "common/meson.build": "files('bytes.c')\n",
    "node/http/server.h": "/* server: a server. */\n#pragma once\n",
    "node/http/server.c": '#include "server.h"\n',
    "node/http/meson.build": "files('server.c')\n",
    ".clang-format": "BasedOnStyle: LLVM\nIndentWidth: 4\nBreakBeforeBraces: Linux\n"
    "AllowShortFunctionsOnASingleLine: None\nColumnLimit: 100\n",
}


def long_function(lines):
    return SOURCE.replace("    return 0;\n", "    bytes_size();\n" * lines + "    return 0;\n")


# Per rule: files that replace or join those of the clean tree.
PLANTED = {
    rules.check_layers: {"common/bytes.c": '#include "server.h"\n' + SOURCE},
    rules.check_headers_pure: {"common/bytes.c": "#include <time.h>\n" + SOURCE},
    rules.check_symbols_pure: {
        "common/bytes.c": SOURCE.replace("return 0", "return getpid()")
        .replace("\n\n", "\n\nint getpid(void);\n", 1)
    },
    rules.check_globals: {
        "common/bytes.c": SOURCE.replace("\n\n", "\n\nstatic int calls;\n", 1)
        .replace("return 0", "return ++calls")
    },
    rules.check_first_lines: {"common/bytes.h": HEADER.replace("bytes:", "other:")},
    rules.check_file_length: {"common/bytes.c": SOURCE + "\n" * rules.FILE_LINES_MAX},
    rules.check_function_length: {"common/bytes.c": long_function(rules.FUNCTION_LINES_MAX)},
    rules.check_format: {"common/bytes.c": SOURCE.replace("    return", "  return")},
    rules.check_shell: {"run": "#!/usr/bin/env bash\nrm $1\n"},
    rules.check_dead_files: {"common/arena.c": SOURCE},
    rules.check_unfinished: {"common/bytes.c": "/* TO" "DO: more */\n" + SOURCE},
    rules.check_foreign: {"notes.md": "see /wo" "rk/main\n"},
}


def make_tree(folder, planted):
    for name, text in {**CLEAN, **planted}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    build = folder / ".git" / "build" / "common"
    build.mkdir(parents=True)
    compiled = build / "bytes.o"
    subprocess.run(
        ["cc", "-O1", "-w", "-I", "common", "-I", "node/http", "-c", "common/bytes.c", "-o",
         str(compiled)], cwd=folder, check=True,
    )
    subprocess.run(["ar", "rcs", str(build / "libcommon.a"), str(compiled)], check=True)
    return rules.Tree(folder, build.parent)


def problems_in(planted, rule):
    with tempfile.TemporaryDirectory() as folder:
        return list(rule(make_tree(pathlib.Path(folder), planted)))


def self_test():
    """Returns the names of rules that miss what is planted, or complain of the clean tree."""
    absent = {}
    if rules.clang_format() is None:
        absent[rules.check_format] = f"clang-format {rules.CLANG_FORMAT_MAJOR}"
    if shutil.which("shellcheck") is None:
        absent[rules.check_shell] = "shellcheck"
    failed = []
    for rule in rules.RULES:
        if rule in absent:
            print(f"tidy: {rule.__name__} is left out: no {absent[rule]} here")
            continue
        if problems_in({}, rule) or not problems_in(PLANTED[rule], rule):
            failed.append(rule.__name__)
    return failed


def main():
    parser = argparse.ArgumentParser(description="Checks the shape of the tree.")
    parser.add_argument("--build", help="build directory, without sanitizers")
    arguments = parser.parse_args()
    blind = self_test()
    for name in blind:
        print(f"tidy: {name} fails its self-test")
    tree = rules.Tree(pathlib.Path(__file__).resolve().parent.parent, arguments.build)
    broken = len(blind)
    for rule in rules.RULES:
        problems = list(rule(tree))
        for problem in problems:
            print(f"tidy: {problem}")
        broken += bool(problems) and rule.__name__ not in blind
    print(f"tidy: {len(rules.RULES) - broken} passed, {broken} failed")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
