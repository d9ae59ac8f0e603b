"""The optimiser of hazecast beside HiGHS on the choice of the cheapest list: the same gap in less time?

The benchmark `reduction` writes the instance in LP format and solves it; HiGHS (Huangfu and Hall 2018, Math. Program. Comput. 10, 119-142) reads the
file and solves it to the same gap on the same machine. Reading does not count for HiGHS, making the instance does not count for hazecast. Exit code 0:
hazecast proves the gap, within 60 s, in no more time than HiGHS, and its cost is not above what HiGHS proves possible by more than the gap.

    python3 benches/peers/optimiser.py [--sources 500,5000] [--windows 8] [--gap 0.01] [--limit 300] [--environment DIR]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def serve(path, gap, limit):
    """Solves one file with HiGHS and prints what it finds."""
    import highspy

    solver = highspy.Highs()
    for option, value in [("output_flag", False), ("mip_rel_gap", gap), ("time_limit", limit), ("threads", 2)]:
        solver.setOptionValue(option, value)
    solver.readModel(path)
    started = time.perf_counter()
    solver.run()
    seconds = time.perf_counter() - started
    info = solver.getInfo()
    print(json.dumps({"cost": info.objective_function_value, "bound": info.mip_dual_bound, "seconds": seconds}))


def python_with_highs(folder):
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", "highspy"], check=True)
    return folder / "bin" / "python"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sources", default="500,5000")
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--gap", type=float, default=0.01)
    parser.add_argument("--limit", type=float, default=300.0)
    parser.add_argument("--environment", type=Path, default=Path(tempfile.gettempdir()) / "hazecast-highs")
    parser.add_argument("--serve")
    arguments = parser.parse_args()
    if arguments.serve:
        return serve(arguments.serve, arguments.gap, arguments.limit)
    python = python_with_highs(arguments.environment)
    ahead = True
    for sources in arguments.sources.split(","):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "instance.lp"
            environment = os.environ | {
                "HAZECAST_WRITE_LP": str(path),
                "HAZECAST_SOURCES": sources,
                "HAZECAST_WINDOWS": str(arguments.windows),
                "HAZECAST_GAP": str(arguments.gap),
            }
            own = ["cargo", "bench", "--quiet", "--bench", "reduction"]
            ours = json.loads(subprocess.check_output(own, env=environment, cwd=ROOT).splitlines()[-1])
            settings = ["--gap", str(arguments.gap), "--limit", str(arguments.limit)]
            answer = subprocess.check_output([python, __file__, "--serve", path, *settings])
            peer = json.loads(answer.splitlines()[-1])
        for name, r in [("hazecast", ours), ("HiGHS", peer)]:
            gap = (r["cost"] - r["bound"]) / r["cost"]
            print(f"{sources:>6} sources {name:9} cost {r['cost']:.6g} bound {r['bound']:.6g} gap {gap:.2e} {r['seconds']:.2f} s")
        proven = ours["cost"] - ours["bound"] <= arguments.gap * ours["cost"] and ours["seconds"] <= 60.0
        ahead &= proven and ours["seconds"] <= peer["seconds"]
        ahead &= ours["cost"] * (1.0 - arguments.gap) <= peer["cost"] * (1.0 + 1e-9)
    return 0 if ahead else 1


if __name__ == "__main__":
    sys.exit(main())
