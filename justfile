# What you do all day; `just` lists it.  `./install.sh deps` or `./install.sh test` makes the .venv used here.

export PATH := justfile_directory() / ".venv/bin:" + env("PATH")

# list the recipes
default:
    @just --list

# everything CI checks, without the slow tests
check: lint
    python -m pytest -q -n {{num_cpus()}} --dist loadfile -m "not corpus and not slow and not e2e and not install and not appliance and not model"

# format, lint, types, import direction, shell
lint:
    ruff format --check .
    ruff check .
    mypy
    lint-imports
    shellcheck install.sh tools/appliance.sh .ci/run tools/lock tools/wheels

# the whole suite but the fresh-machine tests; `just test tests/web -k login` for a part
test *ARGS:
    python -m pytest -m "not install and not appliance" {{ARGS}}

# every route asked at random by the API's own description, at least TIMES (20,000 take some minutes)
fuzz TIMES="20000":
    TEST_SCHEMATHESIS={{TIMES}} python -m pytest tests/web/test_schemathesis.py -n0 --log-cli-level=INFO -o log_cli_format="%(message)s"

# install.sh on a fresh Debian (root, debootstrap, some minutes)
e2e-install:
    TEST_SUITES=bookworm,trixie python -m pytest -m install tests/install -s

# the service on a Debian that is booted for it: install, reboot, upgrade, go back, remove (root, systemd-nspawn, ten minutes)
e2e-appliance *ARGS:
    python -m pytest -m appliance tests/install -n0 -s {{ARGS}}

# branch coverage of the fast tests
coverage:
    coverage run -m pytest -q -m "not slow and not e2e and not install and not appliance and not model"
    coverage report

# format and mend what can be mended
fix:
    ruff format .
    ruff check --fix .

# serve the data in .homeroll/ on port 8420
serve *ARGS:
    python -m appliance.cli serve --data .homeroll {{ARGS}}

# a generated library of pictures, served
demo *ARGS:
    ./install.sh try {{ARGS}}
