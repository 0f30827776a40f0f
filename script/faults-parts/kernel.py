"""What is done to a server's processes and sockets: kill, freeze, and a black hole.

A black hole is made in the kernel without a firewall: each of the server's TCP sockets, its listening one included, gets a
socket filter (SO_ATTACH_FILTER) that drops whatever arrives, so that neither a SYN nor a statement is answered, by RST or
otherwise, and nothing ends. The sockets are taken from the server's processes by pidfd_getfd(2).
"""

import ctypes
import os
import pathlib
import signal
import socket
import struct
import time

SYS_PIDFD_GETFD = 438
SO_ATTACH_FILTER = 26
SO_DETACH_FILTER = 27
SO_DOMAIN = 39
BPF_RET_K = 0x06

LIBC = ctypes.CDLL(None, use_errno=True)


def family(pid):
    """A server's process and its children."""
    found = [pid]
    for folder in pathlib.Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(text[text.rindex(")") + 2:].split()[1]) == pid:
                found.append(int(folder.name))
    return found


def send(pid, number):
    """A signal to the whole family, those included that were born meanwhile."""
    done = set()
    while left := [one for one in family(pid) if one not in done]:
        for one in left:
            try:
                os.kill(one, number)
            except ProcessLookupError:
                pass
            done.add(one)


def kill(pid):
    """As if the machine died: none of the family lives long enough to say that another one is gone."""
    send(pid, signal.SIGSTOP)
    for one in family(pid):
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            pass


def sockets(pid):
    """Handles of its TCP sockets, for the caller to close."""
    found = []
    descriptor = os.pidfd_open(pid)
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
                    continue
            except FileNotFoundError:
                continue
            copy = LIBC.syscall(SYS_PIDFD_GETFD, descriptor, int(name), 0)
            if copy < 0:
                raise OSError(ctypes.get_errno(), "pidfd_getfd: this fault needs root")
            one = socket.socket(fileno=copy)
            if one.getsockopt(socket.SOL_SOCKET, SO_DOMAIN) == socket.AF_INET and one.type == socket.SOCK_STREAM:
                found.append(one)
            else:
                one.close()
    finally:
        os.close(descriptor)
    return found


def each_socket(pid, action):
    # Twice: a connection that was being accepted has a process of its own by then.
    for _ in range(2):
        for one in family(pid):
            try:
                handles = sockets(one)
            except (ProcessLookupError, FileNotFoundError):
                continue
            for handle in handles:
                action(handle)
                handle.close()
        time.sleep(0.02)


def swallow(pid):
    """From now on nothing that is sent to that server arrives."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", BPF_RET_K, 0, 0, 0))
    attached = struct.pack("HL", 1, ctypes.addressof(program))
    each_socket(pid, lambda handle: handle.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, attached))


def release(pid):
    def detach(handle):
        try:
            handle.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, struct.pack("i", 0))
        except FileNotFoundError:
            # It had none: it came later.
            pass

    each_socket(pid, detach)
