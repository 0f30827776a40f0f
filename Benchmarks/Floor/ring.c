#define _GNU_SOURCE
#include "ring.h"

#include "floor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENTRIES = 1024, COMPLETIONS = 8192 };

static int set_up(struct io_uring_params *params, unsigned flags) {
    *params = (struct io_uring_params){
        .flags = IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | flags, .cq_entries = COMPLETIONS};
    return (int)syscall(__NR_io_uring_setup, ENTRIES, params);
}

static int enlist(struct ring *ring, unsigned what, void *argument, unsigned count) {
    return (int)syscall(__NR_io_uring_register, ring->descriptor, what, argument, count) < 0 ? errno : 0;
}

static int map_rings(struct ring *ring, const struct io_uring_params *params) {
    size_t submits = params->sq_off.array + params->sq_entries * sizeof(unsigned);
    size_t completes = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
    int access = PROT_READ | PROT_WRITE, how = MAP_SHARED | MAP_POPULATE;
    char *rings = mmap(NULL, submits > completes ? submits : completes, access, how, ring->descriptor, IORING_OFF_SQ_RING);
    ring->entries = mmap(
        NULL, params->sq_entries * sizeof *ring->entries, access, how, ring->descriptor, (off_t)IORING_OFF_SQES);
    if (rings == MAP_FAILED || ring->entries == MAP_FAILED) return errno;
    ring->submit_head = (unsigned *)(rings + params->sq_off.head);
    ring->submit_tail = (unsigned *)(rings + params->sq_off.tail);
    ring->submit_mask = params->sq_entries - 1;
    ring->complete_head = (unsigned *)(rings + params->cq_off.head);
    ring->complete_tail = (unsigned *)(rings + params->cq_off.tail);
    ring->complete_mask = params->cq_entries - 1;
    ring->completions = (struct io_uring_cqe *)(rings + params->cq_off.cqes);
    // Entries are used in their order, so that what stands in the array never changes.
    unsigned *array = (unsigned *)(rings + params->sq_off.array);
    for (unsigned index = 0; index < params->sq_entries; index++) array[index] = index;
    return 0;
}

static int make_buffers(struct ring *ring, uint16_t group, uint16_t count) {
    struct buffers *buffers = &ring->buffers[group];
    size_t size = count * sizeof(struct io_uring_buf);
    buffers->ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE | MAP_POPULATE, -1, 0);
    if (buffers->ring == MAP_FAILED) return errno;
    buffers->mask = (uint16_t)(count - 1);
    struct io_uring_buf_reg entry = {.ring_addr = (uintptr_t)buffers->ring, .ring_entries = count, .bgid = group};
    return enlist(ring, IORING_REGISTER_PBUF_RING, &entry, 1);
}

// The kernel finds the ring by a number of this thread's, without the table of descriptors; where it cannot, as before.
static void enlist_itself(struct ring *ring) {
    struct io_uring_rsrc_update update = {.offset = UINT32_MAX, .data = (uint64_t)ring->descriptor};
    ring->entered = ring->descriptor;
    if (syscall(__NR_io_uring_register, ring->descriptor, IORING_REGISTER_RING_FDS, &update, 1) != 1) return;
    ring->entered = (int)update.offset;
    ring->entered_how = IORING_ENTER_REGISTERED_RING;
}

int ring_open(struct ring *ring, unsigned files, uint16_t buffers_a_group) {
    // The first is the best: completions are made in this thread, when it waits, and not by interrupting it.
    static const unsigned ways[] = {
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_COOP_TASKRUN, IORING_SETUP_COOP_TASKRUN, 0};
    struct io_uring_params params;
    *ring = (struct ring){.descriptor = -1};
    for (unsigned index = 0; index < sizeof ways / sizeof *ways && ring->descriptor < 0; index++) {
        ring->descriptor = set_up(&params, ways[index]);
        if (ring->descriptor < 0 && errno != EINVAL) break;
    }
    if (ring->descriptor < 0) return errno;
    struct io_uring_rsrc_register table = {.nr = files, .flags = IORING_RSRC_REGISTER_SPARSE};
    bool is_new_enough = params.features & IORING_FEAT_SINGLE_MMAP && params.features & IORING_FEAT_CQE_SKIP;
    int code = is_new_enough ? map_rings(ring, &params) : EINVAL;
    if (code == 0) code = enlist(ring, IORING_REGISTER_FILES2, &table, sizeof table);
    for (uint16_t group = 0; group < GROUPS && code == 0; group++) code = make_buffers(ring, group, buffers_a_group);
    if (code == 0) enlist_itself(ring);
    else ring_close(ring);
    return code;
}

void ring_close(struct ring *ring) {
    close(ring->descriptor);
    ring->descriptor = -1;
}

static int enter(struct ring *ring, unsigned wait) {
    __atomic_store_n(ring->submit_tail, ring->tail, __ATOMIC_RELEASE);
    int count = (int)syscall(
        __NR_io_uring_enter, ring->entered, ring->unsubmitted, wait, IORING_ENTER_GETEVENTS | ring->entered_how, NULL,
        _NSIG / 8);
    if (count >= 0) ring->unsubmitted -= (unsigned)count;
    return count;
}

void ring_enter(struct ring *ring, unsigned wait) {
    do {
        if (enter(ring, wait) < 0 && errno != EINTR && errno != EAGAIN && errno != EBUSY) fail("io_uring_enter", errno);
    } while (ring->unsubmitted > 0);
}

struct io_uring_sqe *ring_next(struct ring *ring) {
    if (ring->unsubmitted > ring->submit_mask) ring_enter(ring, 0);
    struct io_uring_sqe *entry = &ring->entries[ring->tail++ & ring->submit_mask];
    ring->unsubmitted++;
    memset(entry, 0, sizeof *entry);
    return entry;
}

void ring_set_file(struct ring *ring, unsigned number, int file) {
    struct io_uring_files_update update = {.offset = number, .fds = (uintptr_t)&file};
    int code = enlist(ring, IORING_REGISTER_FILES_UPDATE, &update, 1);
    if (code != 0) fail("io_uring_register", code);
}

void ring_give_buffer(struct ring *ring, unsigned group, uint16_t number, void *bytes, unsigned length) {
    struct buffers *buffers = &ring->buffers[group];
    struct io_uring_buf *buffer = &buffers->ring->bufs[buffers->tail++ & buffers->mask];
    // Not the whole of it: the ring's tail lies in the first one's last member.
    buffer->addr = (uintptr_t)bytes;
    buffer->len = length;
    buffer->bid = number;
}

void ring_show_buffers(struct ring *ring) {
    for (unsigned group = 0; group < GROUPS; group++)
        __atomic_store_n(&ring->buffers[group].ring->tail, ring->buffers[group].tail, __ATOMIC_RELEASE);
}
