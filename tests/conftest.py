"""What all tests share: how long Hypothesis waits, that it repeats itself, and two databases."""

import itertools
import os
import pwd
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: the first call of a compiled function includes its compilation. The same examples
# every time: a failure in CI is a failure at home.
settings.register_profile("detractor", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("detractor")


def _find_server() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a private server on a Unix socket; the server refuses to run as root."""
    programs = _find_server()
    if programs is None:
        pytest.skip("no PostgreSQL server here: apt-get install postgresql")
    root = os.geteuid() == 0
    as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        data = Path(folder) / "data"
        data.mkdir()
        if root:
            owner = pwd.getpwnam("postgres")
            for path in (folder, data):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        options = f"-k {folder} -c listen_addresses= -c fsync=off"
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", "test", "-A", "trust"]
        subprocess.run([*as_user, *initdb], check=True, capture_output=True, cwd=folder)
        control = [*as_user, str(programs / "pg_ctl"), "-D", str(data), "-w"]
        log = Path(folder) / "log"
        start = [*control, "-l", str(log), "-o", options, "start"]
        subprocess.run(start, check=True, cwd=folder, stdout=subprocess.DEVNULL)
        try:
            yield f"postgresql+psycopg://test@/postgres?host={folder}"
        finally:
            stop = [*control, "-m", "immediate", "stop"]
            subprocess.run(stop, check=True, cwd=folder, stdout=subprocess.DEVNULL)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Give a function whose every call gives the URL of an empty database."""
    numbers = itertools.count()
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / f'store{next(numbers)}.db'}"
    server = request.getfixturevalue("postgres")

    def new_schema() -> str:
        import sqlalchemy as sa

        name = f"s{uuid.uuid4().hex}"
        engine = sa.create_engine(server)
        with engine.begin() as connection:
            connection.execute(sa.text(f"CREATE SCHEMA {name}"))
        engine.dispose()
        return f"{server}&options=-csearch_path%3D{name}"

    return new_schema


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    return new_database()
