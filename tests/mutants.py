#!/usr/bin/env python3
"""Plants the errors of tests/mutants.toml one at a time and says which ones the unit tests of the core catch.

    python3 tests/mutants.py [--only TEXT ...] [--keep DIR] [--target DIR]

The sources are copied to folders of their own; the copies are crates with some of the modules only, so that a changed kernel is
built and tested in seconds. The checkout is not touched. Exit code 0: every error could be planted and at least 95 % were
caught; 1 otherwise. Needs cargo and Python 3.11 or newer.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Modules of the two scratch libraries, and of their `domain` where it is not whole: the kernels alone build in seconds.
KERNELS = (["constants", "domain", "physics", "chemistry"], ["pollutant", "species"])
CORE = (["error", "constants", "units", "calendar", "seed", "domain", "physics", "chemistry", "input", "simulation"], None)
REQUIRED = 0.95
LONGEST_S = 300


def scratch_crate(folder, modules):
    """A crate with the same dependencies and only some modules."""
    manifest = (ROOT / "Cargo.toml").read_text()
    manifest = re.sub(r"\[\[bench\]\]\n(?:[^\[\n].*\n)*", "", manifest)
    manifest = re.sub(r"(?m)^default-run.*\n", "", manifest)
    manifest = re.sub(r"(?s)\[lints\..*", "", manifest)
    folder.mkdir(parents=True)
    (folder / "Cargo.toml").write_text(manifest)
    shutil.copy(ROOT / "Cargo.lock", folder / "Cargo.lock")
    for name in ["src", "models", "seeds"]:
        shutil.copytree(ROOT / name, folder / name)
    (folder / "src/main.rs").unlink()
    for file, names in zip(["src/lib.rs", "src/domain/mod.rs"], modules):
        if names:
            (folder / file).write_text("".join(f"pub mod {name};\n" for name in names))


def run_tests(folder, target, tests):
    """`passed`, `failed` or `does not build`, and the last lines."""
    env = dict(os.environ, CARGO_TARGET_DIR=str(target), RUST_BACKTRACE="0", CARGO_INCREMENTAL="1")
    build = subprocess.run(
        ["cargo", "test", "--locked", "--offline", "--lib", "--no-run", "--quiet"],
        cwd=folder, env=env, capture_output=True, text=True,
    )
    if build.returncode != 0:
        return "does not build", build.stderr[-2000:]
    try:
        test = subprocess.run(
            ["cargo", "test", "--locked", "--offline", "--lib", "--quiet", "--", *tests],
            cwd=folder, env=env, capture_output=True, text=True, timeout=LONGEST_S,
        )
    except subprocess.TimeoutExpired:
        return "failed", f"not done after {LONGEST_S} s"
    failed = re.findall(r"(?m)^test (\S+) \.\.\. FAILED|^---- (\S+) stdout ----", test.stdout)
    names = sorted({a or b for a, b in failed})
    return ("passed", "") if test.returncode == 0 else ("failed", ", ".join(names) or test.stdout[-500:])


def plant(folder, target, tests, mutants):
    """Plants each error in the crate in `folder`; how many its tests catch."""
    begin = time.time()
    state, why = run_tests(folder, target, tests)
    print(f"{folder.name} without an error: {state} in {time.time() - begin:.0f} s", flush=True)
    if state != "passed":
        print(why)
        return 0
    caught = 0
    for m in mutants:
        file = folder / m["file"]
        original = file.read_text()
        file.write_text(original.replace(m["find"], m["replace"], 1))
        begin = time.time()
        state, why = run_tests(folder, target, tests)
        file.write_text(original)
        word = {"passed": "SURVIVED", "failed": "caught", "does not build": "DOES NOT BUILD"}[state]
        caught += state == "failed"
        print(f"{word:<14} {time.time() - begin:4.0f} s  {m['file']}: {m['error']}", flush=True)
        if why:
            print(f"{'':21} by {why}" if state == "failed" else why, flush=True)
    return caught


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[""], help="only mutants whose file or error contains one of these texts")
    parser.add_argument("--keep", help="folder for the scratch crate; default: a temporary one")
    parser.add_argument("--target", help="cargo target folder; default: target/mutants")
    args = parser.parse_args()
    mutants = tomllib.loads((ROOT / "tests/mutants.toml").read_text())["mutant"]
    chosen = [m for m in mutants if any(text in m["file"] or text in m["error"] for text in args.only)]
    target = pathlib.Path(args.target or ROOT / "target/mutants").resolve()
    folder = pathlib.Path(args.keep or tempfile.mkdtemp(prefix="mutants-"))
    if args.keep and folder.exists():
        shutil.rmtree(folder)

    broken = []
    for m in chosen:
        code = (ROOT / m["file"]).read_text().split("#[cfg(test)]")[0]
        found = code.count(m["find"])
        if found != 1:
            broken.append(f"{m['file']}: {m['error']}: the text is there {found} times, not once")
    if broken:
        print("\n".join(broken))
        return 1
    caught = 0
    for name, modules, tests in [("kernels", KERNELS, []), ("core", CORE, ["simulation::"])]:
        of_core = [m for m in chosen if m["file"].startswith("src/simulation") == (name == "core")]
        if of_core:
            scratch_crate(folder / name, modules)
            caught += plant(folder / name, target, tests, of_core)
    share = caught / max(len(chosen), 1)
    print(f"{caught} of {len(chosen)} caught: {100 * share:.1f} % (required {100 * REQUIRED:.0f} %)")
    if not args.keep:
        shutil.rmtree(folder)
    return 0 if share >= REQUIRED else 1


if __name__ == "__main__":
    sys.exit(main())
