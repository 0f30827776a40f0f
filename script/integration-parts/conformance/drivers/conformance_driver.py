"""A pytest plugin: points a driver's own tests at the database, role and TLS that the run has, where they name others."""

import functools
import os
import ssl


def for_asyncpg():
    """Its tests name the database and the role `postgres` where they make pools."""
    import asyncpg._testbase

    described = asyncpg._testbase.ClusterTestCase.get_connection_spec.__func__

    def get_connection_spec(cls, kwargs={}):
        return named_here(described(cls, kwargs))

    asyncpg._testbase.ClusterTestCase.get_connection_spec = classmethod(get_connection_spec)


def for_pg8000():
    """Its tests log in as `postgres` and without TLS, unless they say otherwise."""
    import pg8000.core

    begin = pg8000.core.CoreConnection.__init__

    @functools.wraps(begin)
    def __init__(self, user, *args, **kwargs):
        kwargs = named_here({"user": user, **kwargs})
        if not args and kwargs.get("sock") is None:
            kwargs["database"] = kwargs.get("database") or os.environ["PGDATABASE"]
            if kwargs.get("ssl_context") is None:
                kwargs["ssl_context"] = ssl.create_default_context(cafile=os.environ["PGSSLROOTCERT"])
        begin(self, *args, **kwargs)

    pg8000.core.CoreConnection.__init__ = __init__


def named_here(values):
    here = {"database": os.environ["PGDATABASE"], "user": os.environ["PGUSER"]}
    return {name: here[name] if name in here and value == "postgres" else value for name, value in values.items()}


def pytest_configure(config):
    prepare = {"asyncpg": for_asyncpg, "pg8000": for_pg8000}.get(os.environ["CONFORMANCE_DRIVER"])
    if prepare is not None:
        prepare()


def pytest_collection_modifyitems(config, items):
    """Where only some tests are wanted: those, by the names that the report gives them."""
    only = os.environ["CONFORMANCE_ONLY"].splitlines()
    if only:
        items[:] = [item for item in items if name_of(item) in only]


def name_of(item):
    file, _, rest = item.nodeid.partition("::")
    return file.removesuffix(".py").replace("/", ".") + "." + rest.replace("::", ".")
