"""Horizontal transport of hazecast beside PyMPDATA on the benchmark of `hazecast proof advection`: lower l2 in less time?

Unit square, N x N cells: a Gaussian and a slotted cylinder in solid-body rotation (1000 N/128 steps) and in a swirl that comes back
(480 N/128 steps). PyMPDATA (Bartman et al. 2022, J. Open Source Softw. 7, 3896; MPDATA: Smolarkiewicz 1984, J. Comput. Phys. 54, 325) runs with
3 iterations and its flux-corrected (non-oscillatory) option.

Both run on one thread, in turns. A time is that of the fastest step of all turns times the number of steps, so that other programs on the
machine hardly count. Compilation does not count, nor does the computation of the winds; giving the program the winds of a step of the swirl does, for
hazecast with the check of Courant numbers, and does not count in the updates per core-second. Exit code 0: hazecast has the lower l2 in less time in
every case.

    python3 benches/peers/advection.py [--binary target/release/hazecast] [--n 64,128] [--turns 3] [--environment DIR]
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
STEPS = {"rotation": 1000, "swirl": 480}
PERIOD = {"rotation": 1.0, "swirl": 1.5}
TRACERS = ["gaussian", "slot"]
PACKAGES = ["PyMPDATA", "numba"]


def serve():
    """Answers lines "N type" with what PyMPDATA finds; what it has compiled serves all of them."""
    import numpy as np
    from PyMPDATA import Options, Stepper

    steppers = {}
    for line in sys.stdin:
        n, dtype = line.split()
        if dtype not in steppers:
            options = Options(n_iters=3, nonoscillatory=True, dtype=getattr(np, dtype))
            steppers[dtype] = Stepper(options=options, n_dims=2, n_threads=1)
        print(json.dumps(peer(int(n), steppers[dtype])), flush=True)


def peer(n, stepper):
    """Runs every case with PyMPDATA; returns {case/tracer: norms and time}."""
    import numpy as np
    from PyMPDATA import ScalarField, Solver, VectorField
    from PyMPDATA.boundary_conditions import Constant

    dtype, halo = stepper.options.dtype, stepper.options.n_halo
    corner = np.arange(n + 1) / n
    centre = (np.arange(n) + 0.5) / n
    x, y = np.meshgrid(centre, centre, indexing="ij")
    start = {
        "gaussian": np.exp(-((x - 0.5) ** 2 + (y - 0.75) ** 2) / (2 * 0.06**2)),
        "slot": ((np.hypot(x - 0.5, y - 0.75) <= 0.15) & ((abs(x - 0.5) >= 0.025) | (y >= 0.85))).astype(float),
    }
    cx, cy = np.meshgrid(corner, corner, indexing="ij")
    psi = {
        "rotation": -np.pi * ((cx - 0.5) ** 2 + (cy - 0.5) ** 2),
        "swirl": np.sin(np.pi * cx) ** 2 * np.sin(np.pi * cy) ** 2 / np.pi,
    }
    outside = (Constant(value=0.0), Constant(value=0.0))
    found = {}
    for case, stream in psi.items():
        steps = STEPS[case] * n // 128
        dt = PERIOD[case] / steps
        # air through the faces in a step, per air of a cell
        u = (-(stream[:, 1:] - stream[:, :-1]) * n * n * dt).astype(dtype)
        v = ((stream[1:, :] - stream[:-1, :]) * n * n * dt).astype(dtype)
        for tracer in TRACERS:
            exact = start[tracer].astype(dtype)
            exact[exact < 1e-30] = 0

            def solver():
                advectee = ScalarField(exact.copy(), halo=halo, boundary_conditions=outside)
                wind = VectorField((u.copy(), v.copy()), halo=halo, boundary_conditions=outside)
                return Solver(stepper=stepper, advectee=advectee, advector=wind)

            solver().advance(1)  # compiles
            run = solver()
            fastest, given, least = float("inf"), 0.0 if case == "rotation" else float("inf"), float("inf")
            for step in range(steps):
                if case == "swirl":
                    now = np.cos(np.pi * (step + 0.5) * dt / PERIOD[case])
                    wind = u * dtype(now), v * dtype(now)
                    begin = time.perf_counter()
                    for axis in (0, 1):
                        run.advector.get_component(axis)[:] = wind[axis]
                    given = min(given, time.perf_counter() - begin)
                fastest = min(fastest, run.advance(1) * 1e-9)  # by its own clock
                least = min(least, run.advectee.get().min())
            q = run.advectee.get().astype(float)
            l2 = np.sqrt(((q - exact) ** 2).sum() / (exact.astype(float) ** 2).sum())
            found[f"{case}/{tracer}"] = {
                "l2": float(l2),
                "least": float(least),
                "maximum_minus_1": float(q.max() - 1),
                "seconds": (fastest + given) * steps,
                "rate": 2 * n * n / fastest * 1e-6,
            }
    return found


def ours(binary, n, case):
    """Runs one case with hazecast; returns what it found per tracer, and the speeds by number of species."""
    out = subprocess.run([binary, "proof", "advection", "--case", case, "--n", str(n), "--json"], capture_output=True)
    if out.returncode not in (0, 1):
        sys.exit(out.stderr.decode())
    details = json.loads(out.stdout)["details"]
    return {c["tracer"]: c["errors"][0] for c in details["cases"]}, {s["species"]: s for s in details["speed"]}


def installed(folder):
    """Python of an environment that has PyMPDATA."""
    python = Path(folder) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        venv.create(folder, with_pip=True)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
    subprocess.run(pip, check=True)
    return python


def best(kept, new):
    """The norms, which do not change, with the best time and rate of the turns so far."""
    if kept is None:
        return new
    return {**new, "seconds": min(new["seconds"], kept["seconds"]), "rate": max(new["rate"], kept["rate"])}


def compare(arguments, folder):
    python = installed(folder)
    environment = {**os.environ, "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    command = [python, __file__, "--serve"]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    rows = {}
    for turn in range(arguments.turns):
        for n in arguments.n:
            for dtype in ("float32", "float64"):
                other.stdin.write(f"{n} {dtype}\n")
                other.stdin.flush()
                answer = other.stdout.readline()
                if not answer:
                    sys.exit(f"PyMPDATA, {dtype}: ended with code {other.wait()}")
                for name, new in json.loads(answer).items():
                    key = (*name.split("/"), n, f"PyMPDATA {dtype}")
                    rows[key] = best(rows.get(key), new)
            for case in STEPS:
                norms, speeds = ours(arguments.binary, n, case)
                for tracer in TRACERS:
                    for species, speed in speeds.items():
                        # of one species
                        seconds, rate = speed["seconds_with_fluxes"] / species, speed["million_updates_per_core_second"]
                        new = {**norms[tracer], "seconds": seconds, "rate": rate}
                        key = (case, tracer, n, f"hazecast, {species} species")
                        rows[key] = best(rows.get(key), new)
        print(f"turn {turn + 1} of {arguments.turns}", file=sys.stderr)
    other.stdin.close()
    other.wait()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / "target/release/hazecast"))
    parser.add_argument("--n", default="64,128", type=lambda text: [int(n) for n in text.split(",")])
    parser.add_argument("--turns", default=3, type=int)
    parser.add_argument("--environment", help="folder of the installed programs, kept for the next run")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve()
        return 0
    if arguments.environment:
        rows = compare(arguments, arguments.environment)
    else:
        with tempfile.TemporaryDirectory() as folder:
            rows = compare(arguments, folder)
    print("Time of one species; million cell updates (x and y) per core-second. Load of the machine:", os.getloadavg()[0])
    print(f"{'case':<9} {'tracer':<9} {'N':>4}  {'':<20} {'l2':>8} {'min':>10} {'max - 1':>10} {'seconds':>8} {'updates':>8}")
    for key in sorted(rows):
        case, tracer, n, program = key
        row = rows[key]
        print(
            f"{case:<9} {tracer:<9} {n:>4}  {program:<20} {row['l2']:>8.5f} {row['least']:>10.2e} {row['maximum_minus_1']:>10.2e}"
            f" {row['seconds']:>8.4f} {row['rate']:>8.0f}"
        )
    ahead = True
    for case in STEPS:
        for tracer in TRACERS:
            for n in arguments.n:
                of = {key[3]: row for key, row in rows.items() if key[:3] == (case, tracer, n)}
                peers = [row for program, row in of.items() if program.startswith("PyMPDATA")]
                own = [row for program, row in of.items() if program.startswith("hazecast")]
                if not all(o["l2"] < p["l2"] and o["seconds"] < p["seconds"] for o in own for p in peers):
                    ahead = False
                    print(f"not ahead: {case} {tracer} N {n}")
    print("hazecast: lower l2 in less time in every case" if ahead else "hazecast: not ahead in every case")
    return 0 if ahead else 1


if __name__ == "__main__":
    sys.exit(main())
