"""A GFS 0.25 degree forecast of 120 h, made by repeating a real one, brought to the model grid: how long it takes.

The one complete GFS file of the test data is on 2.5 degrees and one time. Every field of it that the model may take is put on 0.25 degrees (bilinear), given
fine structure so that it packs to as many bits as operational fields do (about five a point), and packed with complex packing and second-order differences
by ecCodes (PyPI). The set is that file once for each hour, with other forecast times, on pressure levels from 1000 to 10 hPa as in the original.

    python3 benches/peers/gfs_quarter_degree.py [--every 3] [--hours 120] [--grid yanbian-9km] [--limit 60] [--hazecast PROGRAM] [--folder DIR]

Exit code 0: `hazecast met grid` needed no longer than the limit.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared/data/met/gfs/gfs.t12z.pgrbf120.2p5deg.grib2"
NI, NJ = 1440, 721
ON_LEVELS = {"gh", "t", "r", "u", "v", "clwmr"}
AT_GROUND = {"sp", "orog", "2t", "2sh", "2r", "10u", "10v", "prate", "tp", "avg_ishf", "sdwe", "lsm", "sdswrf"}
NOISE_STEPS = 4.0


def make(folder, every, hours):
    """Writes the files of the set."""
    import eccodes
    import numpy

    random = numpy.random.default_rng(1)
    eccodes.codes_grib_multi_support_on()
    messages = []
    with open(REAL, "rb") as file:
        while (handle := eccodes.codes_grib_new_from_file(file)) is not None:
            get = lambda key: eccodes.codes_get(handle, key)
            kind, name = get("typeOfLevel"), get("shortName")
            mixing = (get("discipline"), get("parameterCategory"), get("parameterNumber"), kind) == (0, 3, 196, "surface")
            if not (kind == "isobaricInhPa" and name in ON_LEVELS or name in AT_GROUND or mixing):
                continue
            coarse = eccodes.codes_get_values(handle).reshape(73, 144)
            rows, columns = numpy.linspace(0, 72, NJ), numpy.arange(NI) / 10.0
            y, x = numpy.minimum(rows.astype(int), 71), columns.astype(int)
            p, q = (rows - y)[:, None], (columns - x)[None, :]
            east = (x + 1) % 144
            fine = (1 - p) * ((1 - q) * coarse[y][:, x] + q * coarse[y][:, east])
            fine += p * ((1 - q) * coarse[y + 1][:, x] + q * coarse[y + 1][:, east])
            step = 10.0 ** -get("decimalScaleFactor") * 2.0 ** get("binaryScaleFactor")
            if name not in {"lsm", "orog", "clwmr", "prate", "tp", "sdwe"}:
                fine += NOISE_STEPS * step * random.standard_normal(fine.shape)
            for key, value in {
                "Ni": NI, "Nj": NJ, "iDirectionIncrementInDegrees": 0.25, "jDirectionIncrementInDegrees": 0.25,
                "longitudeOfLastGridPointInDegrees": 359.75,
            }.items():
                eccodes.codes_set(handle, key, value)
            eccodes.codes_set(handle, "packingType", "grid_complex_spatial_differencing")
            eccodes.codes_set_values(handle, fine.ravel())
            messages.append((handle, get("stepType")))
    print(f"{len(messages)} fields, {sum(eccodes.codes_get(h, 'totalLength') for h, _ in messages) / 1e6:.0f} MB a time", flush=True)
    files = []
    for hour in range(0, hours + 1, every):
        path = folder / f"gfs.t12z.pgrb2.0p25.f{hour:03}"
        with open(path, "wb") as file:
            for handle, kind in messages:
                if kind != "instant" and hour == 0:
                    continue
                start = max(0, (hour - 1) // 6 * 6)
                eccodes.codes_set(handle, "stepRange", f"{hour}" if kind == "instant" else f"{start}-{hour}")
                eccodes.codes_write(handle, file)
        files.append(path)
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=3)
    parser.add_argument("--hours", type=int, default=120)
    parser.add_argument("--grid", default="yanbian-9km")
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--hazecast", type=Path, default=ROOT / "target/release/hazecast")
    parser.add_argument("--environment", type=Path, default=Path(tempfile.gettempdir()) / "hazecast-eccodes")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--make", action="store_true")
    arguments = parser.parse_args()
    if arguments.make:
        make(arguments.folder, arguments.every, arguments.hours)
        return 0
    python = arguments.environment / "bin" / "python"
    if not python.exists():
        venv.create(arguments.environment, with_pip=True)
        subprocess.run([arguments.environment / "bin" / "pip", "install", "--quiet", "numpy", "eccodes"], check=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not list(folder.glob("gfs.*")):
            settings = ["--folder", folder, "--every", str(arguments.every), "--hours", str(arguments.hours)]
            subprocess.run([python, __file__, "--make", *settings], check=True)
        started = time.perf_counter()
        ran = subprocess.run([arguments.hazecast, "met", "grid", "--grid", arguments.grid, *sorted(folder.glob("gfs.*"))])
        seconds = time.perf_counter() - started
    print(f"{seconds:.1f} s of {arguments.limit:.0f} s")
    return ran.returncode or int(seconds > arguments.limit)


if __name__ == "__main__":
    sys.exit(main())
