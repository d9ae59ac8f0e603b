"""Decoded meteorology of hazecast beside ecCodes, xwrf and wrf-python on real files.

GRIB2: `hazecast met dump` writes every field of every file; ecCodes (ECMWF, PyPI `eccodes`) unpacks the same messages, and each value must agree to
half a step of the packing (2^E 10^-D) or half a unit of the last place of a 32-bit number, whichever is larger. One of the twenty fields of the JMA file
must also equal, bit for bit, the dump that wgrib2 made of it.

wrfout: `hazecast met dump --driver` writes what the model takes; height, pressure, potential temperature and winds at mass points come from xwrf
(PyPI), temperature and relative humidity from wrf-python (PyPI; built on the spot, which needs gfortran) or, where that cannot be installed, from the
formulas of its documentation. Each must agree to 1e-4 of the value, or of the field's standard deviation where the value is near zero (winds).

Exit code 0: all agree.

    python3 benches/peers/meteorology.py [--data DIR] [--hazecast PROGRAM] [--environment DIR]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared/data/met"
TOLERANCE = 1e-4


def compare_grib(path, numbers, index, reference):
    """Compares all fields of one file with ecCodes; prints the count, the worst departure in steps of the packing, and the field equal to a reference."""
    import eccodes
    import numpy

    own, entries = numpy.memmap(numbers, dtype="<f4", mode="r"), json.loads(Path(index).read_text())
    reference = numpy.fromfile(reference, dtype="<f4") if reference else None
    eccodes.codes_grib_multi_support_on()
    worst, equal, fields = 0.0, [], 0
    with open(path, "rb") as file:
        while (handle := eccodes.codes_grib_new_from_file(file)) is not None:
            get = lambda key: eccodes.codes_get(handle, key)
            eccodes.codes_set(handle, "missingValue", 1e30)
            theirs = eccodes.codes_get_values(handle)
            theirs = numpy.where(theirs == 1e30, numpy.nan, theirs)
            entry = entries[fields]
            ours = own[entry["offset"] : entry["offset"] + theirs.size].astype("f8")
            rows = get("Nj")
            # hazecast puts rows northward
            if not get("jScansPositively"):
                ours = ours.reshape(rows, -1)[::-1].ravel()
            assert (numpy.isnan(ours) == numpy.isnan(theirs)).all(), f"{path}: field {fields + 1}: other gaps"
            # a constant field has no packing step
            step = 2.0 ** get("binaryScaleFactor") * 10.0 ** -get("decimalScaleFactor") if get("bitsPerValue") else 0.0
            largest = numpy.nanmax(numpy.abs(theirs)) if not numpy.isnan(theirs).all() else 0.0
            allowed = max(0.5 * step, float(numpy.spacing(numpy.float32(largest))), 1e-38)
            off = float(numpy.nanmax(numpy.abs(ours - theirs))) if largest or step else 0.0
            worst = max(worst, off / allowed)
            if reference is not None and reference.size == theirs.size:
                if (ours.astype("<f4").view("<u4") == reference.view("<u4")).all():
                    equal.append(fields + 1)
            eccodes.codes_release(handle)
            fields += 1
    print(json.dumps({"fields": fields, "own": len(entries), "worst": worst, "equal": equal}))


def compare_xwrf(path, numbers, index):
    """Compares one wrfout with xwrf; prints the largest departures."""
    import warnings

    import numpy
    import xarray
    import xwrf  # noqa: F401

    warnings.simplefilter("ignore")
    data = xarray.open_dataset(path)
    if not {"SINALPHA", "COSALPHA"} <= set(data.variables):
        # on a Mercator projection the grid's axes are those of the Earth
        data["SINALPHA"], data["COSALPHA"] = xarray.zeros_like(data["HGT"]), xarray.ones_like(data["HGT"])
    data = data.xwrf.postprocess()
    height = data["geopotential_height"].xwrf.destagger()
    pairs = {"altitude": height, "pressure": data["air_pressure"], "wind_east": data["wind_east"], "wind_north": data["wind_north"]}
    theta, pressure = data["air_potential_temperature"], data["air_pressure"]
    pairs["temperature"] = theta * (pressure / 1e5) ** (2 / 7)
    print(json.dumps(departures(numbers, index, {k: numpy.asarray(v, dtype="f8") for k, v in pairs.items()})))


def compare_wrf_python(path, numbers, index):
    """Compares one wrfout with wrf-python, or with its formulas; prints the largest departures."""
    import netCDF4
    import numpy

    with netCDF4.Dataset(path) as data:
        get = lambda name: numpy.asarray(data[name][:], dtype="f8")
        pressure, vapour, theta = get("P") + get("PB"), numpy.maximum(get("QVAPOR"), 0), get("T") + 300
        height = (get("PH") + get("PHB")) / 9.81
    try:
        import wrf

        name = "wrf-python"
        temperature = wrf.tk(pressure, theta, meta=False)
        humidity = wrf.rh(vapour, pressure, temperature, meta=False)
        height = wrf.destagger(height, 1)
    except ImportError:
        name = "formulas of wrf-python"
        temperature = theta * (pressure / 1e5) ** (287 / (7 * 287 / 2))
        saturation = 6.112 * numpy.exp(17.67 * (temperature - 273.15) / (temperature - 29.65))
        saturated = 0.622 * saturation / (0.01 * pressure - (1 - 0.622) * saturation)
        humidity = 100 * numpy.clip(vapour / saturated, 0, 1)
        height = 0.5 * (height[:, 1:] + height[:, :-1])
    pairs = {"temperature": temperature, "relative_humidity": humidity, "altitude": height, "pressure": pressure}
    result = departures(numbers, index, pairs)
    print(json.dumps({"with": name} | result))


def departures(numbers, index, pairs):
    import numpy

    own, entries = numpy.memmap(numbers, dtype="<f4", mode="r"), json.loads(Path(index).read_text())
    result = {}
    for name, theirs in pairs.items():
        ours = [own[e["offset"] : e["offset"] + theirs[0].size].reshape(e["shape"]) for e in entries if e["name"] == name]
        ours = numpy.stack(ours).astype("f8")
        assert ours.shape == theirs.shape, f"{name}: {ours.shape} {theirs.shape}"
        scale = numpy.maximum(numpy.abs(theirs), theirs.std())
        result[name] = float((numpy.abs(ours - theirs) / scale).max())
    return result


def python_with(folder, packages, needed=True):
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        install = [folder / "bin" / "pip", "install", "--quiet"]
        first = subprocess.run([*install, *packages[:-1]])
        # built with what is already there, which nothing may replace
        last = subprocess.run([*install, "--no-build-isolation", *packages], stderr=subprocess.DEVNULL)
        if needed and (first.returncode or last.returncode):
            sys.exit(f"pip could not install {' '.join(packages)}")
    return python


def last_line(command):
    ran = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True)
    return json.loads(ran.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--hazecast", type=Path, default=ROOT / "target/release/hazecast")
    parser.add_argument("--environment", type=Path, default=Path(tempfile.gettempdir()) / "hazecast-meteorology")
    parser.add_argument("--beside", nargs="+")
    arguments = parser.parse_args()
    if arguments.beside:
        kind, *rest = arguments.beside
        return {"grib": compare_grib, "xwrf": compare_xwrf, "wrf": compare_wrf_python}[kind](*rest)
    # each of these brings its own copy of PROJ, so each runs alone
    eccodes = python_with(arguments.environment / "eccodes", ["numpy", "eccodes"])
    xwrf = python_with(arguments.environment / "xwrf", ["numpy", "netCDF4", "xwrf"])
    build = ["numpy<2", "setuptools<66", "wheel<0.44", "xarray", "netCDF4", "wrf-python"]
    wrf = python_with(arguments.environment / "wrf-python", build, needed=False)
    agree = True
    with tempfile.TemporaryDirectory() as folder:
        numbers, index = Path(folder) / "values.f32", Path(folder) / "index.json"

        def dump(path, *more):
            own = [arguments.hazecast, "met", "dump", path, "-o", numbers, *more]
            index.write_bytes(subprocess.run(own, stdout=subprocess.PIPE, check=True).stdout)

        for path in sorted(p for p in arguments.data.rglob("*") if p.is_file()):
            if path.read_bytes()[:4] != b"GRIB" or path.read_bytes()[7] != 2:
                continue
            dump(path)
            reference = path.parent / "meps-wgrib2-le.bin"
            reference = [reference] if reference.exists() else [""]
            beside = last_line([eccodes, __file__, "--beside", "grib", path, numbers, index, *reference])
            fine = beside["fields"] == beside["own"] and beside["worst"] <= 1.0 and (reference == [""] or len(beside["equal"]) == 1)
            agree &= fine
            print(
                f"{path.name}: {beside['fields']} fields, worst departure {beside['worst']:.3f} of what the packing allows"
                + (f", field {beside['equal']} equals the reference dump bit for bit" if reference != [""] else ""),
                flush=True,
            )
        for name in ["wrf/ci_test_file.nc", "wrf/wrf_d01_allvars_cropped.nc"]:
            path = arguments.data / name
            dump(path, "--driver")
            for python, kind in [(xwrf, "xwrf"), (wrf, "wrf")]:
                beside = last_line([python, __file__, "--beside", kind, path, numbers, index])
                peer = beside.pop("with", kind)
                agree &= max(beside.values()) <= TOLERANCE
                print(f"{path.name} beside {peer}: " + ", ".join(f"{k} {v:.1e}" for k, v in beside.items()), flush=True)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
