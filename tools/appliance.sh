# shellcheck shell=bash
# The appliance: Homeroll as a service of this machine.  Sourced by install.sh, whose helpers it uses.
#
# Each version has an environment of its own, /opt/homeroll/venv-HASH; the link /opt/homeroll/venv says which one runs.
# An upgrade makes the new one beside the old one, so that the way back is a link and a snapshot of the database.
# shellcheck disable=SC2154,SC2034  # here, log, state, step, ... are install.sh's

prefix=/opt/homeroll
link=$prefix/venv
unfinished=$prefix/state/upgrade # while an upgrade is on its way: the environment and the snapshot to go back to
mend=("What happened: journalctl -u homeroll; what was installed: $prefix/state/install.log")
unit=/etc/systemd/system/homeroll.service
settings=/etc/homeroll/homeroll.toml
home=/var/lib/homeroll
offline=
back_to= # the snapshot that an older version is to start from

# ------------------------------------------------------------------------------------------------------- beginnings

appliance_checks() {
  [[ $EUID -eq 0 ]] || die "the appliance belongs to the whole machine and is installed as root." "sudo ./install.sh"
  [[ -d /run/systemd/system ]] ||
    die "this machine was not started by systemd, which runs the service." "To try Homeroll without it:  ./install.sh try"
  [[ $(getconf LONG_BIT) == 64 ]] || die "this system is 32 bit." "Homeroll needs 64-bit x86 or ARM: Raspberry Pi OS has a 64-bit edition."
  # What is installed must be readable by the service, whatever root's own habit is.
  umask 022
  cd /
  state=$prefix/state
  log=$state/install.log
  mkdir -p "$prefix"
}

# run_as_service PROGRAM...: as the account of the service, without a shell of its own.
run_as_service() { runuser -u homeroll -- env HOME="$home" PYTHONDONTWRITEBYTECODE=1 "$@"; }

# upkeep ACTION...: tools/upkeep.py as the service's account, which may not be able to read the checkout.
upkeep() { run_as_service "$env/bin/python" - "$@" <"$here/tools/upkeep.py"; }

account() {
  local began=$SECONDS
  say "The account homeroll: the service's own, without a password and without a shell"
  getent group homeroll >/dev/null || groupadd --system homeroll
  getent passwd homeroll >/dev/null ||
    useradd --system --gid homeroll --home-dir "$home" --no-create-home --shell /usr/sbin/nologin --comment Homeroll homeroll
  [[ -d $home ]] || install -d -o homeroll -g homeroll -m 750 "$home"
  if [[ -n ${SUDO_USER:-} && $SUDO_USER != root ]] && ! id -nG "$SUDO_USER" | tr ' ' '\n' | grep -qx homeroll; then
    usermod -aG homeroll "$SUDO_USER"
    note "$SUDO_USER may now manage Homeroll (group homeroll), from the next login on"
  fi
  done_in "$began" "all there"
}

# ------------------------------------------------------------------------------------------------------ environment

# packages_stamp: changes when other packages are wanted, or another Python runs them.
packages_stamp() {
  {
    echo "$stamp_format"
    "$python" -c 'import sys; print(sys.version, sys.base_prefix)'
    grep -v '^version = ' "$here/pyproject.toml"
    cat "$here/constraints.txt"
  } | sha256sum | cut -c 1-12
}

# version_stamp: changes when anything changes that is installed.
version_stamp() {
  {
    packages_stamp
    cd "$here" || exit
    find appliance web ml tui systemd -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    sha256sum pyproject.toml README.md
  } | sha256sum | cut -c 1-12
}

# choose_pip: from this machine's own package index, or from the folder of a bundle and nothing else.
choose_pip() {
  pip=("$env/bin/python" -m pip)
  # face_recognition_models is data (weights) and published as source only; a bundle holds it made
  from_source=(--no-binary=face_recognition_models)
  pip_install=(install --no-input --progress-bar off --only-binary=:all: -c "$here/constraints.txt")
  if [[ -n $offline ]]; then
    unset PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS
    export PIP_CONFIG_FILE=/dev/null
    pip_install+=(--no-index --find-links "$offline")
    from_source=()
  fi
}

# build_wheel FOLDER: from a copy, since building leaves folders behind, and the checkout may be anybody's.
build_wheel() {
  rm -rf "$1"
  mkdir -p "$1/source"
  (cd "$here" && cp -r appliance web ml tui pyproject.toml constraints.txt README.md LICENSE NOTICE "$1/source/")
  find "$1/source" -name __pycache__ -prune -exec rm -rf {} +
  watched "${pip[@]}" wheel --no-input --no-deps --no-index --no-build-isolation -w "$1" "$1/source" ||
    explain_failure "Building Homeroll"
}

# copy_environment FROM: the same packages, as hard links: an upgrade of Homeroll alone costs seconds and no space.
copy_environment() {
  local file
  cp -al "$1" "$env"
  rm -f "$env/stamp"
  for file in "$env"/bin/* "$env/pyvenv.cfg"; do
    # sed writes a new file, so that the old environment keeps its own
    [[ -L $file ]] || ! grep -qIF "$1" "$file" || sed -i "s|$1|$env|g" "$file"
  done
}

environment() {
  local began=$SECONDS old stamp copied=no
  say "Homeroll and its Python packages, exactly the tested versions, in $prefix"
  python=$(find_python ensurepip) || die "no suitable Python was found." \
    "Homeroll needs Python 3.11 to 3.13 whose sqlite3 module can load extensions, as Debian's and Ubuntu's own does."
  [[ -z $offline ]] || check_bundle
  stamp=$(packages_stamp)
  env=$prefix/venv-$(version_stamp)
  if [[ -f $env/stamp ]] && intact "$env/bin/python" && run_as_service "$env/bin/homeroll" --version >/dev/null 2>&1; then
    done_in "$began" "all there"
    return
  fi
  rm -rf "$env" # not complete: never build on half of it
  old=$(readlink -f "$link" 2>/dev/null || true)
  choose_pip
  if [[ -f $old/stamp && $(<"$old/stamp") == "$stamp" ]] && intact "$old/bin/python"; then
    need_space "$prefix" 200 "the new version"
    note "the packages are those of the version before; only Homeroll itself is new"
    copy_environment "$old"
    copied=yes
  else
    need_space "$prefix" 1300 "the Python packages"
    note "with $("$python" -c 'import platform; print("Python", platform.python_version())') ($python)"
    watched "$python" -m venv "$env" || explain_failure "Making the Python environment"
    watched "${pip[@]}" "${pip_install[@]}" "$(grep '^setuptools==' "$here/constraints.txt")" || explain_failure "Fetching setuptools"
  fi
  build_wheel "$prefix/build"
  if [[ $copied == no ]]; then
    watched "${pip[@]}" "${pip_install[@]}" "$prefix"/build/homeroll-*.whl || explain_failure "Installing the Python packages"
    local apart
    mapfile -t apart < <(without_dependencies "$env/bin/python")
    watched "${pip[@]}" "${pip_install[@]}" --no-deps "${from_source[@]}" --use-pep517 --no-build-isolation "${apart[@]}" ||
      explain_failure "Installing the face recognition packages"
  else
    watched "${pip[@]}" install --no-input --no-deps --no-index --force-reinstall "$prefix"/build/homeroll-*.whl || explain_failure "Installing Homeroll"
  fi
  rm -rf "$prefix/build"
  watched check_packages "$env/bin/python" || explain_failure "Checking the Python packages"
  install -m 644 "$here/systemd/homeroll.service" "$env/homeroll.service"
  watched run_as_service "$env/bin/homeroll" --version || explain_failure "Starting the new Homeroll for a look"
  sync -f "$env" # the stamp says complete, after a power cut too
  printf '%s\n' "$stamp" >"$env/stamp.new"
  mv "$env/stamp.new" "$env/stamp"
  done_in "$began"
}

# --------------------------------------------------------------------------------------------------- what lies about

put_files() {
  local began=$SECONDS
  say "Settings in $settings, documents in $prefix/share"
  rm -rf "$prefix/share.new"
  mkdir -p "$prefix/share.new" "$(dirname "$settings")"
  cp -r "$here"/{README.md,CHANGELOG.md,LICENSE,NOTICE,docs} "$prefix/share.new/"
  "$env/bin/python" - defaults <"$here/tools/upkeep.py" >"$prefix/share.new/homeroll.toml"
  rm -rf "$prefix/share"
  mv "$prefix/share.new" "$prefix/share"
  if [[ -e $settings ]]; then
    done_in "$began" "yours are kept; every setting with its default: $prefix/share/homeroll.toml"
  else
    install -m 644 "$prefix/share/homeroll.toml" "$settings"
    done_in "$began"
  fi
  ln -sfn "$link/bin/homeroll" /usr/local/bin/homeroll
  data=$("$env/bin/python" - setting data <"$here/tools/upkeep.py") || die "$settings cannot be used." "Mend what it says above, then run this again."
}

# ---------------------------------------------------------------------------------------------------- start, go back

# use ENVIRONMENT: this one is meant from now on, at the next start of the machine too.
use() {
  ln -sfn "$1" "$link.new" && mv -T "$link.new" "$link" &&
    install -m 644 "$1/homeroll.service" "$unit" && systemctl daemon-reload && systemctl enable -q homeroll.service
}

# starts: is the service up, does it answer, and is it still up after a moment?
starts() {
  systemctl reset-failed homeroll.service 2>/dev/null || true
  watched systemctl start homeroll.service && sleep 3 &&
    [[ $(systemctl show -p NRestarts --value homeroll.service) == 0 ]] && systemctl -q is-active homeroll.service &&
    watched upkeep answers
}

# show_journal SINCE: what the service said last.
show_journal() { journalctl -q -u homeroll.service --since "@$1" -o cat 2>/dev/null | grep -v '^ *Traceback' | tail -n 12 | sed 's/^/  | /' >&2 || true; }

# first_start OLD: the first one, or the version that is here already, which is left as it is when it runs.
first_start() {
  local began=$SECONDS since
  since=$(date +%s)
  say "The service: starts now and with the machine"
  use "$env"
  if ! starts; then
    [[ -n $1 ]] || systemctl stop homeroll.service 2>>"$log" || true
    show_journal "$since"
    die "the service does not start." "Mend what it says above, then run this again.  All of it: journalctl -u homeroll"
  fi
  prune
  done_in "$began" "it answers"
}

# upgrade OLD: stop, snapshot, switch, start, look; back again when anything of that fails.
upgrade() {
  local began=$SECONDS since old=$1 snapshot='' failed=''
  since=$(date +%s)
  say "The service: a snapshot of the database, then the new version"
  trap '' INT TERM # from here to the end it is either the new version or the old one
  systemctl stop homeroll.service 2>>"$log" || true
  if [[ -f $unfinished ]]; then
    # The last upgrade was cut off, and nothing has answered since (the unit removes this file when something does):
    # what its migrations did to the database is undone, and the way back leads to before that one.
    { read -r old; read -r snapshot; } <"$unfinished"
    note "the last upgrade was cut off before it answered"
    [[ -z $snapshot ]] || put_back "$snapshot"
  elif [[ -f $data/homeroll.db ]]; then
    if ! snapshot=$(upkeep snapshot 2>>"$log"); then
      systemctl start homeroll.service || true
      explain_failure "The snapshot of the database"
    fi
    note "snapshot: $data/backups/$snapshot"
  fi
  printf '%s\n%s\n' "$old" "$snapshot" >"$unfinished.new"
  mv "$unfinished.new" "$unfinished"
  sync -f "$unfinished"
  if [[ -n $back_to ]]; then
    upkeep put-back "$back_to" >>"$log" 2>&1 || failed=yes
    note "the database: as it was in $back_to"
  fi
  [[ -n $failed ]] || use "$env" || failed=yes
  if [[ -z $failed ]] && starts; then
    rm -f "$unfinished"
    prune
    trap interrupted INT TERM
    done_in "$began" "it answers"
    return
  fi
  systemctl stop homeroll.service 2>>"$log" || true
  show_journal "$since"
  go_back "$old" "$snapshot"
}

# put_back SNAPSHOT: the database is as it was then, or this does not return.
put_back() {
  upkeep put-back "$1" >>"$log" 2>&1 && return
  systemctl disable -q homeroll.service || true
  die "the database could not be put back; the service is stopped, nothing is deleted." \
    "The snapshot: $data/backups/$1" "Run the same command again to try once more." "${mend[@]}"
}

# go_back ENVIRONMENT SNAPSHOT: never returns.
go_back() {
  printf '%sThe new version does not work here.%s Going back to the one before.\n' "$red" "$plain" >&2
  [[ -z $2 ]] || put_back "$2"
  if use "$1" && starts; then
    rm -f "$unfinished"
    die "the upgrade was undone: the version before is running again, with the library as it was." "${mend[@]}"
  fi
  die "the version before does not start either." ${2:+"The snapshot: $data/backups/$2"} "${mend[@]}"
}

# prune: environments that nobody goes back to.
prune() {
  local one
  for one in "$prefix"/venv-*; do [[ $one == "$env" || ! -d $one ]] || rm -rf "$one"; done
}

tell() {
  local url door=/run/homeroll/first-admin
  url=$(systemctl show -p StatusText --value homeroll.service)
  printf '\n%sHomeroll is running.%s\n\nURL: %s\n' "$green" "$plain" "${url#Answering at }"
  if [[ -f $door ]] && upkeep is-new >/dev/null 2>&1; then
    cat "$door"
    printf '           one-time: the page asks for a name and a password of your own\n'
  fi
  printf '\nFolders of photos:  homeroll library add DIR --name NAME\nHow it is going:    homeroll status; homeroll doctor; journalctl -u homeroll\n'
  printf 'Settings:           %s, then: systemctl restart homeroll\n' "$settings"
}

# --------------------------------------------------------------------------------------------------------- commands

command_appliance() {
  while (($#)); do
    case $1 in
      --offline) (($# > 1)) || usage_error "--offline needs the folder that ./install.sh bundle made."; offline=$(absolute "$2"); shift ;;
      --offline=*) offline=$(absolute "${1#*=}") ;;
      --snapshot) (($# > 1)) || usage_error "--snapshot needs the name of one in the data directory's backups."; back_to=$2; shift ;;
      --snapshot=*) back_to=${1#*=} ;;
      --uninstall) (($# == 1)) || usage_error "--uninstall stands alone."; command_uninstall; return ;;
      -h | --help) help; exit 0 ;;
      *) usage_error "There is no option $1." ;;
    esac
    shift
  done
  [[ -z $offline || -d $offline ]] || die "there is no folder $offline." "./install.sh bundle DIR makes one, on a machine with a network."
  appliance_checks
  steps=5
  begin
  system_packages run
  account
  environment
  put_files
  local old
  old=$(readlink -f "$link" 2>/dev/null || true)
  if [[ -n $back_to ]]; then
    [[ -d $old ]] || die "there is no Homeroll on this machine to go back from." "Install it first:  sudo ./install.sh"
    [[ -f $data/backups/$back_to ]] || die "there is no snapshot $data/backups/$back_to." "To see them:  sudo ls $data/backups"
  fi
  if [[ -n $back_to || -f $unfinished || ( -n $old && -d $old && $old != "$env" ) ]]; then upgrade "$old"; else first_start "$old"; fi
  tell
}

command_uninstall() {
  appliance_checks
  step=0 steps=1
  data=$([[ ! -x $link/bin/python ]] || "$link/bin/python" - setting data <"$here/tools/upkeep.py" 2>/dev/null || true)
  say "Removing the service and its programs"
  systemctl disable -q --now homeroll.service 2>/dev/null || true
  rm -f "$unit" /usr/local/bin/homeroll
  systemctl daemon-reload
  systemctl reset-failed homeroll.service 2>/dev/null || true
  rm -rf "$prefix" /var/cache/homeroll
  printf 'Homeroll is gone from this machine.  Kept are:\n  %s   your library: users, people, tags, albums, uploads\n  %s\n' "${data:-$home}" "$settings"
  printf 'Your folders of photos were never Homeroll'"'"'s: they are as they were.  sudo ./install.sh brings it all back.\n'
  printf 'To delete the rest too, for good:  sudo rm -r %s /etc/homeroll && sudo userdel homeroll\n' "${data:-$home}"
}

bundle_fits() { "$python" -c 'import platform, sys; print(f"Python {sys.version_info[0]}.{sys.version_info[1]} {platform.machine()}")'; }

check_bundle() {
  [[ -f $offline/bundle.txt ]] || die "$offline is no complete bundle." "Make it again on a machine with a network:  ./install.sh bundle DIR"
  [[ $(sed -n 1p "$offline/bundle.txt") == "$(bundle_fits)" ]] ||
    die "the bundle is for $(sed -n 1p "$offline/bundle.txt"); this machine has $(bundle_fits)." "Make it on a machine of this kind."
  [[ $(sed -n 2p "$offline/bundle.txt") == "$(packages_stamp_of_checkout)" ]] ||
    die "the bundle belongs to another version of Homeroll." "Make it from this checkout:  ./install.sh bundle DIR"
}

packages_stamp_of_checkout() { { grep -v '^version = ' "$here/pyproject.toml"; cat "$here/constraints.txt"; } | sha256sum | cut -c 1-12; }

# command_bundle DIR: every wheel that the appliance needs, for a machine of the same kind without a network.
command_bundle() {
  (($# == 1)) || usage_error "bundle needs one folder to write to."
  local target began apart
  target=$(absolute "$1")
  steps=2
  begin
  mkdir -p "$target" 2>/dev/null && [[ -w $target ]] || die "$target cannot be written to." "Choose another folder."
  system_packages run
  began=$SECONDS
  say "Every package, into $target"
  python=$(find_python ensurepip) || die "no suitable Python was found." "Homeroll needs Python 3.11 to 3.13."
  need_space "$target" 500 "the packages"
  rm -f "$target/bundle.txt"
  local maker=$state/bundle
  rm -rf "$maker"
  watched "$python" -m venv "$maker" || explain_failure "Making the Python environment"
  local pip=("$maker/bin/python" -m pip) common=(--no-input --progress-bar off -c "$here/constraints.txt" -w "$target")
  watched "${pip[@]}" install --no-input --only-binary=:all: "$(grep '^setuptools==' "$here/constraints.txt")" || explain_failure "Fetching setuptools"
  mapfile -t wanted < <("$maker/bin/python" - "$here/pyproject.toml" <<'PY'
import sys, tomllib
with open(sys.argv[1], "rb") as file:
    project = tomllib.load(file)
print(*project["build-system"]["requires"], *project["project"]["dependencies"], sep="\n")
PY
  )
  watched "${pip[@]}" wheel "${common[@]}" --only-binary=:all: "${wanted[@]}" || explain_failure "Fetching the packages"
  mapfile -t apart < <(without_dependencies "$maker/bin/python")
  watched "${pip[@]}" wheel "${common[@]}" --no-deps --only-binary=:all: --no-binary=face_recognition_models --use-pep517 --no-build-isolation "${apart[@]}" ||
    explain_failure "Fetching the face recognition packages"
  rm -rf "$maker"
  { bundle_fits; packages_stamp_of_checkout; } >"$target/bundle.txt"
  done_in "$began" "$(find "$target" -name '*.whl' | wc -l) packages, $(du -sm "$target" | cut -f 1) MB"
  printf 'On the other machine, from the same checkout of Homeroll:  sudo ./install.sh --offline %s\n' "$1"
  printf 'It needs these Debian packages, which are not in the folder: python3 python3-venv ffmpeg libimage-exiftool-perl\n'
}
