// Put in front of the C library (LD_PRELOAD), this makes each fdatasync(2) take longer: by SLOW_SYNC_MICROSECONDS.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int fdatasync(int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    const char *text = getenv("SLOW_SYNC_MICROSECONDS");
    long micros = text ? strtol(text, NULL, 10) : 0;
    struct timespec pause = {micros / 1000000, micros % 1000000 * 1000};
    nanosleep(&pause, NULL);
    return real(file);
}
