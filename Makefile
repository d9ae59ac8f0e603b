# Two commands: `make demo` shows the engine, `make test` checks everything. Both install what the system lacks.

CARGO ?= cargo
BIN = $${CARGO_TARGET_DIR:-target}/debug/hazecast

.PHONY: demo test system build

demo: build
	$(BIN) demo

build: system
	$(CARGO) build --locked

test: system
	@if $(CARGO) fmt --version >/dev/null 2>&1; then $(CARGO) fmt --check; else echo "skipped: rustfmt is not installed"; fi
	@if $(CARGO) clippy --version >/dev/null 2>&1; then \
		$(CARGO) clippy --locked --all-targets -- -D warnings; else echo "skipped: clippy is not installed"; fi
	$(CARGO) test --locked

# libnetcdf (with HDF5) is the only library; nc-config tells whether it is there.
system:
	@if ! { command -v nc-config >/dev/null 2>&1 && test -e "$$(nc-config --includedir)/netcdf.h"; }; then \
		echo "installing libnetcdf (needs root)"; \
		SUDO=$$( [ "$$(id -u)" = 0 ] || echo sudo ); \
		$$SUDO apt-get update && $$SUDO apt-get install -y --no-install-recommends libnetcdf-dev ca-certificates; \
	fi
