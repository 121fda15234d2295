#!/usr/bin/env bash
# Homeroll on Debian 12/13, Ubuntu 24.04 and Raspberry Pi OS (64-bit): one command from a clone to a page in the browser.
#
#   ./install.sh try [PHOTOS_DIR] [--port N] [--data DIR] [--no-browser]
#   ./install.sh test [PYTEST ARGUMENTS]
#   ./install.sh deps
#   sudo ./install.sh [--offline DIR] [--snapshot NAME] | --uninstall
#   ./install.sh bundle DIR
#   ./install.sh help
#
# What sudo and `bundle` do is in tools/appliance.sh.
#
# Safe to run again, and to interrupt: what is complete is marked as such last, anything else is made anew.
# Where packages come from is this machine's own apt and pip configuration; none is named here.
set -Eeuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
called_from=$PWD
venv=$here/.venv
state=$here/.install-state
log=$state/install.log
stamp_format=1 # raise it when this script starts to install differently from the same inputs
step=0
steps=0
child=

# ------------------------------------------------------------------------------------------------------- telling

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' clear=$'\r\e[K' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' clear='' plain=''
fi

# say TEXT: the heading of the next step.
say() {
  step=$((step + 1))
  printf '%s[%d/%d]%s %s\n' "$bold" "$step" "$steps" "$plain" "$1"
}

note() { printf '      %s\n' "$1"; }

# done_in SECONDS_AT_START [TEXT]
done_in() { printf '      %s%s%s %s(%d s)%s\n' "$green" "${2:-done}" "$plain" "$dim" "$((SECONDS - $1))" "$plain"; }

# die MESSAGE [HOW TO MEND IT...]
die() {
  printf '\n%sHomeroll cannot go on:%s %s\n' "$red" "$plain" "$1" >&2
  shift
  local line
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

usage_error() {
  printf '%s\nSee: ./install.sh help\n' "$1" >&2
  exit 2
}

interrupted() {
  trap - INT TERM
  if [[ -n $child ]]; then
    kill -TERM "$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  printf '%s\nStopped. Run the same command again to go on from here.\n' "$clear" >&2
  exit 130
}
trap interrupted INT TERM
trap 'die "install.sh failed at line $LINENO." "The log: $log"' ERR

help() {
  cat <<'TEXT'
Homeroll, the family's camera roll, kept at home.

  ./install.sh try [PHOTOS_DIR]   install what is missing, then show PHOTOS_DIR (or generated pictures) in the browser
        --port N                  serve on this port (8420)
        --data DIR                keep Homeroll's own data here (.homeroll beside this script)
        --no-browser              open no browser
  ./install.sh test [ARGS]        install what the tests need and run them all; ARGS go to pytest
  ./install.sh deps               install what `try` needs, start nothing
  sudo ./install.sh               install Homeroll as a service of this machine, or upgrade the one that is here
        --offline DIR             take every package from DIR, which `bundle` made; nothing is fetched
        --snapshot NAME           with the database as it was in this snapshot: the way back to an older version
        --uninstall               remove the service; your library and settings are kept
  ./install.sh bundle DIR         gather in DIR what a machine of the same kind needs to install without a network
  ./install.sh help               this text

Your photos are only read, never changed. What `try` makes is in .venv, .install-state and the data directory: delete
these three and it is gone. What sudo ./install.sh does: docs/install.md.
TEXT
}

# ------------------------------------------------------------------------------------------------- running things

# last_line: the end of the log, short enough for one line of a terminal.
last_line() { tail -c 400 "$log" 2>/dev/null | tr -d '\r' | grep -vE '^[[:space:]]*$|^WARNING' | tail -n 1 | cut -c 1-90 || true; }

# watched COMMAND...: runs it with its output in the log, and shows a person that it goes on.
watched() {
  local began=$SECONDS told=$SECONDS
  printf '\n== %s\n' "$*" >>"$log"
  "$@" >>"$log" 2>&1 </dev/null &
  child=$!
  while kill -0 "$child" 2>/dev/null; do
    sleep 0.3
    if [[ -n $clear ]]; then
      printf '%s      %s%d s  %s%s' "$clear" "$dim" "$((SECONDS - began))" "$(last_line)" "$plain"
    elif ((SECONDS - told >= 15)); then
      note "still at it, $((SECONDS - began)) s: $(last_line)"
      told=$SECONDS
    fi
  done
  printf '%s' "$clear"
  local result=0
  wait "$child" || result=$?
  child=
  return "$result"
}

# explain_failure WHAT: says why from the log, and ends.
explain_failure() {
  local mend=("The whole log: $log" "Mend that, then run the same command again: it goes on from here.")
  if grep -qi 'no space left' "$log"; then
    mend=("The disk is full. Free about 1 GB, then run the same command again." "The whole log: $log")
  elif grep -qiE 'temporary failure|could not resolve|connection (refused|timed out|broken)|network is unreachable|failed to fetch|newconnectionerror|max retries|name resolution|resolutionimpossible' "$log"; then
    mend=("The packages could not be fetched: is this machine online, and its package sources reachable?" "${mend[@]}")
  elif grep -qi 'no matching distribution' "$log"; then
    mend=("There is no ready-made package for this machine ($(uname -m)). Homeroll needs 64-bit x86 or ARM." "${mend[@]}")
  fi
  printf '\n%s' "$dim" >&2
  grep -v 'is ignored: it is neither' "$log" | tail -n 12 | sed 's/^/  | /' >&2
  printf '%s' "$plain" >&2
  die "$1 failed." "${mend[@]}"
}

# need_space DIRECTORY MEGABYTES WHAT
need_space() {
  local free_kb
  free_kb=$(df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print $4 }')
  if [[ $free_kb =~ ^[0-9]+$ ]] && ((free_kb < $2 * 1024)); then
    die "only $((free_kb / 1024)) MB are free at $1; about $2 MB are needed for $3." "Free some space, then run the same command again."
  fi
}

# --------------------------------------------------------------------------------------------------------- python

# suits PYTHON [MODULE]: 3.11 to 3.13, 64 bit, whose sqlite3 loads extensions (the vector index is one).
suits() {
  "$1" - "${2:-}" >/dev/null 2>&1 <<'PY'
import sqlite3, sys
if sys.argv[1]:
    __import__(sys.argv[1])
assert (3, 11) <= sys.version_info[:2] <= (3, 13) and sys.maxsize > 2**32
sqlite3.connect(":memory:").enable_load_extension(True)
PY
}

# find_python [MODULE]: prints the first that suits; the system's own first, since apt keeps it patched.
find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} /usr/bin/python3 python3.13 python3.12 python3.11 python3; do
    candidate=$(command -v "$candidate" 2>/dev/null) || continue
    if suits "$candidate" "${1:-}"; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

# ------------------------------------------------------------------------------------------------ system packages

# missing_packages MODE: Debian packages for the programs that are not there yet.
missing_packages() {
  local python
  if ! find_python ensurepip >/dev/null; then
    if python=$(find_python) && [[ $(basename "$python") =~ ^python3\.[0-9]+$ ]]; then
      echo "$(basename "$python")-venv"
    elif [[ -n $python ]]; then
      echo python3-venv
    else
      echo python3 python3-venv
    fi
  fi
  command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || echo ffmpeg
  command -v exiftool >/dev/null || echo libimage-exiftool-perl
  [[ -e /etc/ssl/certs/ca-certificates.crt ]] || echo ca-certificates
  if [[ $1 == test ]]; then
    if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
      if grep -q '^ID=ubuntu' /etc/os-release; then echo chromium-browser; else echo chromium; fi
    fi
    compgen -G '/usr/share/fonts/truetype/*' >/dev/null || echo fonts-dejavu-core
    command -v openssl >/dev/null || echo openssl
    command -v curl >/dev/null || echo curl
    command -v certutil >/dev/null || echo libnss3-tools
    command -v tmux >/dev/null || echo tmux
    command -v avahi-browse >/dev/null || echo avahi-utils
    # What is in /usr/sbin is not on every user's PATH.
    [[ -x /usr/sbin/avahi-daemon ]] || echo avahi-daemon
    command -v dbus-daemon >/dev/null || echo dbus-daemon
    [[ -x /usr/sbin/ip || -x /sbin/ip || -x /usr/bin/ip ]] || echo iproute2
  fi
}

system_packages() {
  local began=$SECONDS missing
  say "Programs: Python, ffmpeg for videos, exiftool for rare formats$([[ $1 == test ]] && echo ', a browser and an mDNS client for the tests')"
  missing=$(missing_packages "$1" | tr '\n' ' ')
  missing=${missing% }
  if [[ -z $missing ]]; then
    done_in "$began" "all there"
    return
  fi
  local by_hand="apt-get install --no-install-recommends $missing"
  [[ -z ${offline:-} ]] || die "these are missing: $missing" "Nothing is fetched with --offline. Install them from Debian's own medium:" "  $by_hand"
  command -v apt-get >/dev/null ||
    die "these are missing: $missing" "There is no apt-get here: install them the way this system does it (names as on Debian)."
  if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null ||
      die "these are missing: $missing" "Ask an administrator to run, as root:" "  $by_hand"
    if ! sudo -n true 2>/dev/null; then
      [[ -t 0 ]] || die "these are missing: $missing" "Run this first, then the same command again:" "  sudo $by_hand"
      note "sudo may ask for your password, to install: $missing"
      sudo -v || die "these are missing: $missing" "Ask an administrator to run:" "  sudo $by_hand"
    fi
  fi
  need_space / 700 "$missing"
  note "installing: $missing"
  # A list, not a function: what `watched` starts must be the program itself, so that Ctrl-C ends it.
  local as_root=(env DEBIAN_FRONTEND=noninteractive)
  [[ $EUID -eq 0 ]] || as_root=(sudo "${as_root[@]}")
  local apt=("${as_root[@]}" apt-get -y -q -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  if [[ -n $(dpkg --audit 2>/dev/null) ]]; then
    watched "${as_root[@]}" dpkg --configure -a || explain_failure "Finishing an interrupted installation (dpkg --configure -a)"
  fi
  watched "${apt[@]}" update || explain_failure "Reading the package lists (apt-get update)"
  # shellcheck disable=SC2086  # a list of package names: splitting is wanted
  watched "${apt[@]}" install --no-install-recommends $missing || explain_failure "Installing $missing"
  missing=$(missing_packages "$1" | tr '\n' ' ')
  [[ -z $missing ]] || die "apt-get succeeded, yet these are still missing: $missing" "The log: $log"
  done_in "$began"
}

# ------------------------------------------------------------------------------------------------ python packages

# wanted_stamp EXTRA: changes when anything changes that the environment is made from.
wanted_stamp() {
  {
    echo "$stamp_format $1 $here"
    "$python" -c 'import sys; print(sys.version, sys.base_prefix)'
    cat "$here/pyproject.toml" "$here/constraints.txt"
  } | sha256sum | cut -d ' ' -f 1
}

# without_dependencies PYTHON: the pins of that name in pyproject.toml, one on a line.
without_dependencies() {
  "$1" - "$here/pyproject.toml" <<'PY'
import sys, tomllib
with open(sys.argv[1], "rb") as file:
    print(*tomllib.load(file)["tool"]["homeroll"]["without_dependencies"], sep="\n")
PY
}

# check_packages PYTHON: does everything have what it asks for?  dlib is there, by the name dlib-bin.
check_packages() {
  local wrong
  wrong=$({ "$1" -m pip check || true; } |
    grep -v -e '^No broken requirements' -e '^face-recognition .* requires dlib, which is not installed') || return 0
  printf '%s\n' "$wrong"
  return 1
}

# intact PYTHON: is every file of every installed package there, as long as it was?  What lies in bin was rewritten.
intact() {
  "$1" -I - >/dev/null 2>&1 <<'PY'
import csv, os, sysconfig
packages = sysconfig.get_path("purelib")
for name in os.listdir(packages):
    if name.endswith(".dist-info"):
        with open(os.path.join(packages, name, "RECORD"), encoding="utf-8", newline="") as record:
            for path, _, size in csv.reader(record):
                if not path.endswith(".pyc"):
                    there = os.stat(os.path.join(packages, path)).st_size
                    assert path.startswith("..") or there == int(size or there), path
PY
}

# holds EXTRA: is the environment complete, for these inputs, and does it start?
holds() {
  [[ -f $venv/stamp-$1 && $(<"$venv/stamp-$1") == "$(wanted_stamp "$1")" ]] &&
    intact "$venv/bin/python" && "$venv/bin/python" -c 'import appliance, litestar, piccolo, sqlite_vec, numpy, PIL, dlib' >/dev/null 2>&1
}

python_packages() {
  local extra=$1 began=$SECONDS
  say "Python packages, exactly the tested versions, in .venv"
  python=$(find_python ensurepip) || die "no suitable Python was found." \
    "Homeroll needs Python 3.11 to 3.13 whose sqlite3 module can load extensions, as Debian's and Ubuntu's own does." \
    "If you have one elsewhere:  PYTHON=/path/to/python3 ./install.sh ..."
  if holds "$extra" || { [[ $extra == run ]] && holds dev; }; then
    done_in "$began" "all there"
    return
  fi
  need_space "$here" 1100 "the Python packages"
  note "with $("$python" -c 'import platform; print("Python", platform.python_version())') ($python)"
  if ! { [[ $extra == dev ]] && holds run; }; then
    # Not complete, or made from something else: never build on half of it.  Downloads are kept in pip's cache.
    rm -rf "$venv"
    watched "$python" -m venv "$venv" || explain_failure "Making the Python environment"
  fi
  rm -f "$venv"/stamp-*
  local pip=("$venv/bin/python" -m pip install --no-input --progress-bar off --only-binary=:all: -c "$here/constraints.txt")
  local editable=(--no-build-isolation --config-settings editable_mode=compat -e)
  watched "${pip[@]}" "$(grep '^setuptools==' "$here/constraints.txt")" || explain_failure "Fetching setuptools"
  if [[ $extra == dev ]]; then
    # forbiddenfruit (for blockbuster) is pure Python and published as source only
    watched "${pip[@]}" --no-binary=forbiddenfruit --use-pep517 "${editable[@]}" "${here}[dev]" ||
      explain_failure "Installing the Python packages"
  else
    watched "${pip[@]}" "${editable[@]}" "$here" || explain_failure "Installing the Python packages"
  fi
  # face_recognition_models is data (weights) and published as source only
  local apart
  mapfile -t apart < <(without_dependencies "$venv/bin/python")
  watched "${pip[@]}" --no-deps --no-binary=face_recognition_models --use-pep517 --no-build-isolation "${apart[@]}" ||
    explain_failure "Installing the face recognition packages"
  watched check_packages "$venv/bin/python" || explain_failure "Checking the Python packages"
  wanted_stamp "$extra" >"$venv/stamp-$extra.new"
  mv "$venv/stamp-$extra.new" "$venv/stamp-$extra"
  done_in "$began"
}

# ------------------------------------------------------------------------------------------------------- commands

begin() {
  unset PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX # each would send packages elsewhere than into .venv
  export PIP_DISABLE_PIP_VERSION_CHECK=1
  mkdir -p "$state" 2>/dev/null && [[ -w $state ]] ||
    die "$here is not writable." "Clone Homeroll into a folder of your own, or make this one yours: chown -R \"\$USER\" $here"
  if command -v flock >/dev/null; then
    exec 9>"$state/lock"
    flock -n 9 || die "another install.sh is running here." "Wait for it to end."
  fi
  : >"$log"
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

absolute() { if [[ $1 == /* ]]; then printf '%s\n' "$1"; else printf '%s\n' "$called_from/$1"; fi; }

# open_browser_when_ready PORT: in the background, owned by nobody: it ends with the server or after two minutes.
open_browser_when_ready() {
  [[ -n ${DISPLAY:-}${WAYLAND_DISPLAY:-} && -z ${SSH_CONNECTION:-} ]] && command -v xdg-open >/dev/null || return 0
  local server=$$
  (
    trap '' INT
    for _ in $(seq 240); do
      sleep 0.5
      kill -0 "$server" 2>/dev/null || exit 0
      if ! port_is_free "$1"; then
        xdg-open "http://localhost:$1/"
        exit 0
      fi
    done
  ) >/dev/null 2>&1 9>&- &
  disown
}

command_try() {
  local photos='' port=8420 data=$here/.homeroll browser=yes
  while (($#)); do
    case $1 in
      --port) (($# > 1)) || usage_error "--port needs a number."; port=$2; shift ;;
      --port=*) port=${1#*=} ;;
      --data) (($# > 1)) || usage_error "--data needs a directory."; data=$(absolute "$2"); shift ;;
      --data=*) data=$(absolute "${1#*=}") ;;
      --no-browser) browser=no ;;
      -h | --help) help; exit 0 ;;
      -*) usage_error "try: unknown option $1" ;;
      *) [[ -z $photos ]] || usage_error "try takes one folder; put its name in quotes if it holds spaces."; photos=$1 ;;
    esac
    shift
  done
  [[ $port =~ ^[0-9]{1,5}$ ]] || usage_error "--port needs a number from 1 to 65535, not $port."
  port=$((10#$port))
  ((port >= 1 && port <= 65535)) || usage_error "--port needs a number from 1 to 65535, not $port."
  ((port >= 1024 || EUID == 0)) || die "port $port is reserved for root." "Choose another one: --port 8420"

  # What can be known now is said now, not after minutes of installing.
  if [[ -n $photos ]]; then
    photos=$(absolute "$photos")
    [[ -e $photos ]] || die "there is no folder $photos." "Check the name; give it in quotes if it holds spaces."
    [[ -d $photos ]] || die "$photos is not a folder." "Give the folder that holds your photos."
    [[ -r $photos && -x $photos ]] || die "$(id -un) may not read $photos." "Allow it:  chmod -R u+rX \"$photos\"  or run this as the folder's owner."
    photos=$(cd "$photos" && pwd -P)
  fi
  port_is_free "$port" || die "port $port is already in use." "Is Homeroll running already?  http://localhost:$port" "Otherwise choose another port:  ./install.sh try --port $((port < 65535 ? port + 1 : 8420))"
  mkdir -p "$data" 2>/dev/null && [[ -w $data ]] || die "$data cannot be written to." "Choose another place for Homeroll's own data:  --data DIR"
  data=$(cd "$data" && pwd -P)
  [[ -z $photos || $data/ != "$photos"/* ]] || die "the data directory $data lies inside the photos." "Choose another one:  --data DIR"

  steps=$([[ -n $photos ]] && echo 2 || echo 3)
  begin
  system_packages run
  python_packages run
  if [[ -z $photos ]]; then
    local began=$SECONDS
    say "A small library of generated pictures, since no folder was given"
    photos=$data/demo-photos
    watched "$venv/bin/python" -m appliance.importing.demo "$photos" || explain_failure "Making the pictures"
    done_in "$began"
  fi
  [[ $browser == no ]] || open_browser_when_ready "$port"
  printf '%sStarting%s with %s after %d s. Ctrl-C ends it.\n\n' "$bold" "$plain" "$photos" "$SECONDS"
  trap - INT TERM ERR
  exec 9>&-
  cd "$here"
  exec "$venv/bin/python" -m appliance.cli serve --data "$data" --port "$port" --library "$photos"
}

command_deps() {
  (($# == 0)) || usage_error "deps takes no arguments."
  steps=2
  begin
  system_packages run
  python_packages run
  printf '%sReady%s after %d s: ./install.sh try\n' "$bold" "$plain" "$SECONDS"
}

command_test() {
  steps=4
  begin
  system_packages test
  python_packages dev
  exec 9>&-
  cd "$here"
  export PATH=$venv/bin:$PATH
  local result=0 tests=0 began=$SECONDS
  trap - ERR
  say "Format, lint, types, import direction"
  just lint || result=$?
  if ((result == 0)); then done_in "$began" "clean"; else note "${red}not clean${plain}: see above"; fi
  say "Tests"
  trap - INT TERM
  # One process more than cores, because many tests wait for another program most of their time; the tests of one file
  # stay together, because they share what is slow to make.
  local workers=$(($(nproc) + 1))
  python -m pytest -n $((workers > 4 ? 4 : workers)) --dist loadfile --no-loadscope-reorder "$@" || tests=$?
  if ((result != 0)); then printf '%sFormat, lint, types or imports were not clean: see above the tests.%s\n' "$red" "$plain" >&2; fi
  exit $((tests != 0 ? tests : result))
}

# with_appliance COMMAND...: one of the commands that tools/appliance.sh holds.
with_appliance() {
  # shellcheck source=tools/appliance.sh
  source "$here/tools/appliance.sh"
  "$@"
}

main() {
  local command=${1:-}
  (($# == 0)) || shift
  case $command in
    try) command_try "$@" ;;
    test) command_test "$@" ;;
    deps) command_deps "$@" ;;
    bundle) with_appliance command_bundle "$@" ;;
    help | -h | --help) help ;;
    '' | --offline | --offline=* | --snapshot | --snapshot=* | --uninstall)
      if [[ $EUID -ne 0 ]]; then
        help
        printf '\nSay which: ./install.sh try, or, to install the service: sudo ./install.sh %s\n' "$command" >&2
        exit 2
      fi
      with_appliance command_appliance ${command:+"$command"} "$@"
      ;;
    *) usage_error "There is no command $command." ;;
  esac
}

main "$@"
