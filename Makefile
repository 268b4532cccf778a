# A thin front for CMake's presets; each target sets up what it needs.
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 6

configure = cmake --preset $(1) --no-warn-unused-cli $(2) >build/$(1).log || { cat build/$(1).log; exit 1; }
compile = $(call configure,$(1),$(2)); cmake --build build/$(1) --parallel $(JOBS) -- --no-print-directory

# What `make test` builds and runs: see FIRN_TEST_KINDS in CMakePresets.json. That the benches build
# is seen with gcc in release and with clang in fuzz.
TEST_PRESETS = release asan tsan fuzz gcstress
BENCH_PRESETS = release fuzz
compile_tests = set -e; $(foreach preset,$(TEST_PRESETS),$(call compile,$(preset),\
    -DFIRN_TESTS=ON -DFIRN_FUZZ_SECONDS=$(1) \
    -DFIRN_BENCH=$(if $(filter $(preset),$(BENCH_PRESETS)),ON,OFF));)

.DEFAULT_GOAL := build
.PHONY: build demo test test-full bench install format readme setup clean
unexport MAKEFLAGS

setup:
	@scripts/setup build

build: setup
	@$(call compile,release,-DFIRN_TESTS=OFF)

demo: build
	@scripts/demo

test test-full: export CTEST_PARALLEL_LEVEL = $(JOBS)
test-full: export FIRN_FAULT_SAMPLES = 1000000
test:
	@scripts/setup test
	@$(call compile_tests,$(FUZZ_SECONDS))
	@scripts/run-tests '$(TEST_PRESETS)' -LE 'stress|bench'

test-full:
	@scripts/setup test
	@$(call compile_tests,600)
	@scripts/run-tests '$(TEST_PRESETS)' -LE bench

bench:
	@scripts/setup bench
	@$(call compile,release,-DFIRN_TESTS=OFF)
	@set -e; for bench in $$(find build/release/bench -maxdepth 1 -type f -perm -u+x); do \
	    $$bench; \
	done

install: build
	@DESTDIR='$(DESTDIR)' cmake --install build/release --prefix '$(PREFIX)'

format:
	@find include src programs tests bench examples -name '*.[ch]' -exec clang-format --style=file -i {} +

# docs/report.json is what `firn report --json` printed.
readme:
	@scripts/readme

clean:
	rm -rf build
