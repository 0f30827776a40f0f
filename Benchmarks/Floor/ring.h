// io_uring by its bare system calls: a ring that one thread fills and empties, files known by number, buffers that the
// kernel picks from.
#ifndef RING_H
#define RING_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>

enum { GROUPS = 2 };

// Buffers that the kernel picks from, a ring of its own for each group.
struct buffers {
    struct io_uring_buf_ring *ring;
    uint16_t mask, tail;
};

struct ring {
    int descriptor;
    // What io_uring_enter is given.
    int entered;
    unsigned entered_how;
    struct io_uring_sqe *entries;
    unsigned *submit_head, *submit_tail, submit_mask, tail, unsubmitted;
    struct io_uring_cqe *completions;
    unsigned *complete_head, *complete_tail, complete_mask;
    struct buffers buffers[GROUPS];
};

// 0, or why the kernel does not give it, as an errno.
int ring_open(struct ring *ring, unsigned files, uint16_t buffers_a_group);
void ring_close(struct ring *ring);
// An entry to fill, all zero.
struct io_uring_sqe *ring_next(struct ring *ring);
// Submits what was filled, all of it, and waits until so many completions are there.
void ring_enter(struct ring *ring, unsigned wait);
// The file behind a number; -1 takes it away.
void ring_set_file(struct ring *ring, unsigned number, int file);
// Gives the kernel a buffer of a group; it sees those given when `ring_show_buffers` has been called.
void ring_give_buffer(struct ring *ring, unsigned group, uint16_t number, void *bytes, unsigned length);
void ring_show_buffers(struct ring *ring);

#endif
