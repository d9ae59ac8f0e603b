"""Learnt PM2.5 forecasts of hazecast beside LightGBM on the same features of the twelve Beijing stations, and the time to learn 400,000 x 30.

`hazecast proof skill-stations --out` writes the features of training and test cases; LightGBM (Ke et al. 2017, NeurIPS 30, 3146-3154) learns from
all training rows, once with its defaults and once for the absolute error with as many trees as hazecast has. Both are scored on the same test cases.
Then the benchmark `learning` trains on 400,000 rows of 30 columns that numpy and hazecast make from the same formula. Exit code 0: hazecast's MAE is at or
below that of LightGBM's defaults at every lead and with both weathers, and 400,000 x 30 take 60 s or less, a night 1 s or less.

    python3 benches/peers/skill.py [--dir DIR] [--leads 1,6,12,24,48,72] [--weather none,perfect] [--environment DIR] [--hazecast PROGRAM] [--profile PROFILE]
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
STATIONS = ROOT.parent / "shared/data/obs/beijing_12_stations_2013_201602"
THREADS = 2


def learn_beside(train, test, trees):
    """Trains LightGBM on one lead and prints its errors and times."""
    import lightgbm
    import numpy

    train, test = numpy.load(train, mmap_mode="r"), numpy.load(test, mmap_mode="r")
    result = {}
    settings = {"default": {}, "absolute": {"objective": "l1", "n_estimators": trees}}
    for name, more in settings.items():
        started = time.perf_counter()
        model = lightgbm.LGBMRegressor(n_jobs=THREADS, verbose=-1, random_state=0, **more)
        model.fit(numpy.array(train[:, :-2]), numpy.array(train[:, -2]))
        seconds = time.perf_counter() - started
        predicted = numpy.maximum(model.predict(numpy.array(test[:, :-2])), 0.0)
        result[name] = {"mae": float(numpy.abs(predicted - test[:, -2]).mean()), "seconds": seconds}
    print(json.dumps(result))


def speed_beside(rows, columns, rounds, leaves):
    """Trains LightGBM on made rows and prints its times."""
    import lightgbm
    import numpy

    random = numpy.random.default_rng(1)
    x = random.random((rows, columns), dtype=numpy.float32)
    y = 10.0 * x[:, 0] * x[:, 1] + 5.0 * numpy.sin(6.0 * x[:, 2]) + random.random(rows, dtype=numpy.float32)
    started = time.perf_counter()
    model = lightgbm.LGBMRegressor(
        objective="l1", n_estimators=rounds, num_leaves=leaves, learning_rate=0.05, n_jobs=THREADS, verbose=-1
    ).fit(x, y)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    model.predict(x[:24_000])
    print(json.dumps({"seconds": seconds, "night_seconds": time.perf_counter() - started}))


def python_with_lightgbm(folder):
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", "lightgbm", "numpy", "scikit-learn"], check=True)
    return folder / "bin" / "python"


def last_line(command, **more):
    return json.loads(subprocess.check_output(command, cwd=ROOT, **more).splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dir", type=Path, default=STATIONS)
    parser.add_argument("--leads", default="1,6,12,24,48,72")
    parser.add_argument("--weather", default="none,perfect")
    parser.add_argument("--train-to", default="2015-02-28")
    parser.add_argument("--test-from", default="2015-03-01")
    parser.add_argument("--environment", type=Path, default=Path(tempfile.gettempdir()) / "hazecast-lightgbm")
    parser.add_argument("--hazecast", type=Path, default=ROOT / "target/release/hazecast", help="the program")
    parser.add_argument("--profile", default="bench", help="cargo profile of the benchmark")
    parser.add_argument("--learn", nargs=3)
    parser.add_argument("--speed", nargs=4, type=int)
    arguments = parser.parse_args()
    if arguments.learn:
        return learn_beside(arguments.learn[0], arguments.learn[1], int(arguments.learn[2]))
    if arguments.speed:
        return speed_beside(*arguments.speed)
    python = python_with_lightgbm(arguments.environment)
    ahead = True
    for weather in arguments.weather.split(","):
        for lead in arguments.leads.split(","):
            with tempfile.TemporaryDirectory() as folder:
                own = [arguments.hazecast, "proof", "skill-stations", "--dir", arguments.dir, "--json"]
                own += ["--train-to", arguments.train_to, "--test-from", arguments.test_from]
                own += ["--weather", weather, "--n", lead, "--out", folder]
                started = time.perf_counter()
                ran = subprocess.run(own, stdout=subprocess.PIPE, cwd=ROOT)
                seconds = time.perf_counter() - started
                if ran.returncode not in (0, 1):
                    return ran.returncode
                ours = json.loads(ran.stdout)["details"]["leads"][0]
                files = [f"{folder}/{kind}_{int(lead):02}h.npy" for kind in ("train", "test")]
                peer = last_line([python, __file__, "--learn", *files, str(ours["trees"][0])])
            print(
                f"weather {weather:7} lead {lead:>2} h  persistence {ours['persistence_mae']:6.2f}  hazecast {ours['mae']:6.2f} "
                f"({100 * (1 - ours['mae_over_persistence']):.0f} % below, coverage {ours['coverage']:.3f}, all {seconds:.0f} s)  "
                f"LightGBM {peer['default']['mae']:6.2f} ({peer['default']['seconds']:.0f} s)  "
                f"absolute error, as many trees {peer['absolute']['mae']:6.2f} ({peer['absolute']['seconds']:.0f} s)",
                flush=True,
            )
            ahead &= ours["mae"] <= peer["default"]["mae"]
    environment = os.environ | {"HAZECAST_ONCE": "1", "RAYON_NUM_THREADS": str(THREADS)}
    ours = last_line(["cargo", "bench", "--quiet", "--profile", arguments.profile, "--bench", "learning"], env=environment)
    shape = [ours[key] for key in ("rows", "columns", "rounds", "leaves")]
    peer = last_line([python, __file__, "--speed", *map(str, shape)])
    for name, r in [("hazecast", ours), ("LightGBM", peer)]:
        print(f"{shape[0]} x {shape[1]}, {shape[2]} trees: {name} {r['seconds']:.1f} s, a night {r['night_seconds']:.2f} s")
    ahead &= ours["seconds"] <= 60.0 and ours["night_seconds"] <= 1.0
    return 0 if ahead else 1


if __name__ == "__main__":
    sys.exit(main())
