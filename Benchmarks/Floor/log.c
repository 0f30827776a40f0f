// A log like the gateway's in what it costs the kernel: lines of a record's size, one write for all of a turn.
#define _GNU_SOURCE
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct counts *map_counts(const char *name) {
    char *path;
    if (asprintf(&path, "%s.counts", name) < 0) fail("asprintf", ENOMEM);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free(path);
    if (file < 0 || ftruncate(file, sizeof(struct counts)) != 0) fail("the counts' file", errno);
    void *memory = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) fail("mmap", errno);
    close(file);
    return memory;
}

struct log *log_open(const char *name, bool holds) {
    struct log *log = calloc(1, sizeof *log);
    if (!log) fail("calloc", ENOMEM);
    log->file = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log->file < 0) fail("the log's file", errno);
    log->holds = holds;
    log->counts = map_counts(name);
    return log;
}

uint64_t log_take(struct log *log) {
    if (!log) return 0;
    if (log->taken - log->written == LINES) log_write(log);
    char *line = log->batch + (log->taken - log->written) * LINE;
    memset(line, 'x', LINE - 1);
    line[LINE - 1] = '\n';
    return ++log->taken;
}

void log_write(struct log *log) {
    if (!log || log->taken == log->written) return;
    size_t length = (log->taken - log->written) * LINE;
    ssize_t count = write(log->file, log->batch, length);
    if (count < 0 || (size_t)count != length) fail("write", count < 0 ? errno : ENOSPC);
    log->written = log->taken;
    log->counts->lines = log->taken;
}
