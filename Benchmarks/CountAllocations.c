// Put in front of the C library (LD_PRELOAD), this counts the allocations of each thread, in the file that ALLOCATION_COUNTS
// names: pairs of a thread's number and its count, 64 bits each, in the machine's own order. script/bench --instructions reads it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// The C library's own functions under the names that it exports beside the usual ones: dlsym() would allocate.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { SLOTS = 512 };
struct slot {
    uint64_t thread;
    uint64_t count;
};

static struct slot *slots;
static uint64_t used;
static __thread struct slot *mine __attribute__((tls_model("initial-exec")));

__attribute__((constructor)) static void map_counts(void) {
    const char *name = getenv("ALLOCATION_COUNTS");
    if (!name) return;
    int file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return;
    if (ftruncate(file, SLOTS * sizeof(struct slot)) == 0) {
        void *memory = mmap(NULL, SLOTS * sizeof(struct slot), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (memory != MAP_FAILED) slots = memory;
    }
    close(file);
}

static void count(void) {
    if (!slots) return;
    if (!mine) {
        // The last slot is for all threads that find no other.
        uint64_t at = __atomic_fetch_add(&used, 1, __ATOMIC_RELAXED);
        mine = &slots[at < SLOTS ? at : SLOTS - 1];
        mine->thread = (uint64_t)gettid();
    }
    __atomic_fetch_add(&mine->count, 1, __ATOMIC_RELAXED);
}

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count();
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    count();
    return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    count();
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

// Valgrind 3.19 writes into the set of signals that a program waits with, and libdispatch's stands in memory that is only
// read: it ends there. A copy takes its place.
int sigsuspend(const sigset_t *mask) {
    static int (*real)(const sigset_t *);
    if (!real) real = (int (*)(const sigset_t *))dlsym(RTLD_NEXT, "sigsuspend");
    sigset_t copy = *mask;
    return real(&copy);
}
