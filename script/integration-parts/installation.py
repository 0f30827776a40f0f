"""Installs drivers and builds their programmes; what cannot be had is said, never passed over in silence."""

import os
import pathlib
import shutil
import subprocess

import programmes

APT = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]


class Missing(Exception):
    """Why a driver cannot be run."""


class Installation:
    """`folder` is a cache: what is in it is used again. `may_install` allows apt-get and pip."""

    def __init__(self, folder, may_install, say):
        self.folder = folder
        self.may_install = may_install
        self.say = say
        self.has_updated = False
        self.python = folder / "venv/bin/python"
        folder.mkdir(parents=True, exist_ok=True)

    def prepare(self, driver):
        """Gives the command of a driver's programme, or raises Missing."""
        self.install_packages(driver)
        self.unpack(driver)
        self.install_wheels(driver)
        return self.built(driver)

    def values(self, driver):
        return {"python": self.python, "source": programmes.PROGRAMMES, "build": self.folder / "build" / driver.file_name,
                "unpacked": self.folder / "unpacked", "cache": self.folder}

    def install_packages(self, driver):
        lacking = [package for package in driver.packages if not is_installed(package)]
        if not lacking:
            return
        if not self.may_install or os.getuid() != 0:
            raise Missing(f"not installed: {' '.join(lacking)}")
        self.say(f"installing {' '.join(lacking)}")
        self.apt("install", "--no-install-recommends", *lacking)

    def apt(self, *arguments, cwd=None):
        if not self.has_updated:
            self.has_updated = True
            if subprocess.run([*APT, "update"], stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode:
                self.say("apt-get update failed, going on with the lists that are there")
        done = subprocess.run([*APT, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
        if done.returncode:
            raise Missing(f"apt-get {arguments[0]} failed: {' / '.join(done.stdout.strip().splitlines()[-3:])}")

    def unpack(self, driver):
        """Packages of scripts whose dependencies cannot be met here (a Node that is not Debian's): unpacked."""
        target = self.folder / "unpacked"
        for package in driver.unpack:
            mark = target / f".{package}"
            if is_installed(package) or mark.exists():
                continue
            if not self.may_install:
                raise Missing(f"not installed: {package}")
            download = self.folder / "download"
            download.mkdir(exist_ok=True)
            # apt's own account must be able to write there.
            self.apt("-o", "APT::Sandbox::User=root", "download", package, cwd=download)
            archive = max(download.glob(f"{package}_*.deb"), key=lambda file: file.stat().st_mtime)
            target.mkdir(exist_ok=True)
            subprocess.run(["dpkg-deb", "-x", archive, target], check=True)
            mark.touch()

    def install_wheels(self, driver):
        if not driver.wheels:
            return
        if not self.python.exists():
            self.say(f"making a virtual environment in {self.python.parent.parent}")
            self.check(["/usr/bin/python3", "-m", "venv", self.python.parent.parent])
        marks = [self.folder / "venv" / f".{wheel}" for wheel in driver.wheels]
        if all(mark.exists() for mark in marks):
            return
        if not self.may_install:
            raise Missing(f"not installed: {' '.join(driver.wheels)}")
        self.say(f"installing {' '.join(driver.wheels)} from PyPI")
        self.check([self.python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *driver.wheels])
        for mark in marks:
            mark.touch()

    def built(self, driver):
        values = self.values(driver)
        if driver.build:
            shutil.rmtree(values["build"], ignore_errors=True)
            values["build"].mkdir(parents=True)
            for command in driver.build:
                self.check([word.format(**values) for word in command],
                           environment=self.environment(driver), cwd=values["build"])
        return [word.format(**values) for word in driver.run]

    def environment(self, driver):
        values = self.values(driver)
        return {name: value.format(**values) for name, value in driver.environment.items()}

    def check(self, command, environment=None, cwd=None):
        try:
            done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False, cwd=cwd,
                                  env={**os.environ, **(environment or {})})
        except OSError as problem:
            raise Missing(str(problem)) from problem
        if done.returncode:
            lines = done.stdout.strip().splitlines()
            raise Missing(f"{pathlib.Path(command[0]).name} failed: {' / '.join(lines[-6:])}")


def version_of(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True, check=False)
    return done.stdout.split(":")[-1].split("-")[0]


def is_installed(package):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package], capture_output=True, text=True,
                          check=False)
    return done.stdout == "installed"
