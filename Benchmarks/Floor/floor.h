// What the parts of the relay share; main.c says what the relay is for.
#ifndef FLOOR_H
#define FLOOR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    // Bytes that are read at once.
    PIECE = 64 << 10,
    // Bytes of a line of the log: a record of the gateway, mode simple.
    LINE = 428,
    // Lines that wait for the turn's write at most; more make another write.
    LINES = 1024,
};

// How much the log took, for script/bench to read while the relay runs: both in the machine's own order.
struct counts {
    uint64_t lines;
    uint64_t syncs;
};

struct log {
    int file;
    // Answers wait for the disk.
    bool holds;
    // Lines so far, those in the file among them.
    uint64_t taken;
    uint64_t written;
    struct counts *counts;
    char batch[LINES * LINE];
};

// Opens the file, and beside it NAME.counts. Ends the program where that fails.
struct log *log_open(const char *name, bool holds);
// Takes a line and tells its number; 0 without a log.
uint64_t log_take(struct log *log);
// Writes what was taken.
void log_write(struct log *log);

struct setup {
    int listener;
    struct sockaddr_in upstream;
    // NULL without one.
    struct log *log;
    bool syncs_itself;
};

// Connects to the upstream for this client, on loopback at once; -1 where nobody listens.
int connect_upstream(const struct setup *setup, int client);
// Ends the program, saying which call failed and why.
_Noreturn void fail(const char *call, int code);

// Neither returns, but that run_uring does where the kernel has no io_uring for us: why, as an errno.
_Noreturn void run_epoll(const struct setup *setup);
int run_uring(const struct setup *setup);

#endif
