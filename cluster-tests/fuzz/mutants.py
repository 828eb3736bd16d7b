#!/usr/bin/python3
"""Plants bugs in the code that is fuzzed, one at a time, and wants each found by its target.

Usage: mutants.py BUILD [NAME...]

BUILD is a build for fuzzing (run.sh makes build-fuzz). mutants.txt lists the bugs, one a line, with
tabs between: name, target, file, the text to be replaced, which stands there once, and what stands
there instead. The changed file is compiled as BUILD compiles it, and linked before the library that
it is from. Exits with 1 if one is not found within SECONDS_MAX.
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECONDS_MAX = 20


class Mutant:
    def __init__(self, line):
        self.name, self.target, self.file, self.old, self.new = line.split("\t")

    def text(self):
        text = (ROOT / self.file).read_text()
        if text.count(self.old) != 1:
            raise LookupError(f"{self.name}: {self.old!r} stands {text.count(self.old)} times in {self.file}")
        return text.replace(self.old, self.new)


def mutants():
    lines = (HERE / "mutants.txt").read_text().splitlines()
    return [Mutant(line) for line in lines if line and not line.startswith("#")]


def run(command, build):
    subprocess.run(command, cwd=build, check=True, capture_output=True, text=True)


def compile_mutant(build, mutant, folder):
    """Returns the object of the changed file."""
    source, compiled = folder / pathlib.Path(mutant.file).name, folder / "mutant.o"
    source.write_text(mutant.text())
    for entry in json.loads((build / "compile_commands.json").read_text()):
        if (build / entry["file"]).resolve() != ROOT / mutant.file:
            continue
        command = [word for word in shlex.split(entry["command"]) if word != "-Werror"]
        command[command.index("-o") + 1] = str(compiled)
        command[command.index("-MF") + 1] = str(folder / "mutant.d")
        command[command.index("-c") + 1] = str(source)
        run(command, build)
        return compiled
    raise LookupError(f"{mutant.name}: {build} does not compile {mutant.file}")


def link(build, mutant, compiled, program):
    listed = subprocess.run(
        ["ninja", "-t", "commands", "-s", f"cluster-tests/fuzz/fuzz_{mutant.target}"], cwd=build,
        check=True, capture_output=True, text=True,
    ).stdout
    command = shlex.split(listed.splitlines()[-1])
    at = command.index("-o") + 1
    command[at : at + 1] = [str(program), str(compiled)]
    run(command, build)


def hunt(build, mutant):
    """Returns a line that says how it went, and whether the bug was found."""
    try:
        mutant.text()
    except LookupError as error:
        return f"CANNOT BE PLANTED: {error}", False
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        link(build, mutant, compile_mutant(build, mutant, folder), folder / "fuzz")
        (folder / "found").mkdir()
        started = time.monotonic()
        result = subprocess.run(
            [str(folder / "fuzz"), f"-max_total_time={SECONDS_MAX}", "-seed=1", "-timeout=5",
             f"-artifact_prefix={folder}/", str(folder / "found"), str(HERE / "corpus" / mutant.target)],
            capture_output=True, text=True, errors="replace",
        )
        seconds = time.monotonic() - started
    found = result.returncode != 0
    how = next((line for line in result.stderr.splitlines() if "expression=" in line), "")
    how = how.split("at=")[-1] if how else "a sanitizer"
    return f"{mutant.name}: {f'found after {seconds:.0f} s by {how}' if found else 'NOT FOUND'}", found


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).resolve()
    chosen = [mutant for mutant in mutants() if not sys.argv[2:] or mutant.name in sys.argv[2:]]
    missed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for line, found in pool.map(lambda mutant: hunt(build, mutant), chosen):
            print(line, flush=True)
            missed += not found
    print(f"{len(chosen) - missed} of {len(chosen)} planted bugs found")
    sys.exit(missed > 0 or not chosen)


if __name__ == "__main__":
    main()
