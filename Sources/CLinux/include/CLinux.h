// Linux interfaces that the Glibc module does not carry, and macros that Swift cannot import.
#ifndef CLINUX_H
#define CLINUX_H

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

// Registers fd once, edge-triggered, for reading and writing. Returns 0, or -1 with errno.
int clinux_epoll_add(int epoll, int fd, uint64_t data, uint32_t interest);

// One event of epoll_wait, unpacked (struct epoll_event is packed, and its data a union).
struct clinux_event {
    uint32_t events;
    uint64_t data;
};

// epoll_wait into unpacked events; at most 256 of them. Returns their number, or -1 with errno.
int clinux_epoll_wait(int epoll, struct clinux_event *events, int capacity, int timeout_ms);

// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC.
int clinux_accept(int listener, struct sockaddr *address, socklen_t *length);

// prctl(PR_SET_DUMPABLE, 0): no core dump, no ptrace by the same user. Returns 0, or -1 with errno.
int clinux_forbid_dumps(void);

// memfd_create with MFD_CLOEXEC, readable and writable by the owner alone. Returns a descriptor, or -1 with errno.
int clinux_memory_file(const char *name);

// Names the calling thread; at most 15 bytes.
void clinux_name_thread(const char *name);

// CLOCK_MONOTONIC in nanoseconds; CLOCK_REALTIME in microseconds since 1970.
uint64_t clinux_monotonic_ns(void);
int64_t clinux_realtime_us(void);

// Waits for a semaphore, so many nanoseconds of CLOCK_MONOTONIC at most; without end where they are negative. Whether it came.
bool clinux_semaphore_wait(sem_t *semaphore, int64_t nanoseconds);

// The file system type of a path (statfs f_type), or 0 with errno.
uint64_t clinux_filesystem_type(const char *path);

// Writes what stdio holds back of standard output. Returns 0, or the errno of this or of an earlier failure (EIO where that is
// not known any more).
int clinux_flush_output(void);

// From now on the allocator maps what has so many bytes or more by itself (M_MMAP_THRESHOLD): it grows without being copied and
// goes back when it is freed, not together with all that was freed before.
void clinux_map_from(int bytes);

// Sends one datagram to the Unix socket of a service manager (sd_notify(3)); a name that begins with @ is in the abstract
// namespace. It does not wait. Returns 0, or the errno.
int clinux_notify(const char *path, const char *text);

/// Gives memory that was freed back to the system (malloc_trim(3)).
void clinux_trim_memory(void);

#endif
