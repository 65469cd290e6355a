/* Runs a command some times with its output thrown away, and prints the median of its seconds and the peak of its
 * memory in MB. It is small itself: what a process was before it became the command counts into its peak.
 *
 * usage: peak TIMES COMMAND [ARGUMENT...] */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

enum { MOST = 100 };

extern char **environ;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int ascending(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

int main(int count, char **words) {
    double seconds[MOST];
    long peak = 0;
    int times = count > 2 ? atoi(words[1]) : 0;
    if (times < 1 || times > MOST) return 2;
    for (int round = 0; round < times; round++) {
        posix_spawn_file_actions_t actions;
        struct rusage usage;
        int child, status;
        double began = now();
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
        if (posix_spawn(&child, words[2], &actions, 0, words + 2, environ) || wait4(child, &status, 0, &usage) < 0) return 1;
        if (!WIFEXITED(status) || WEXITSTATUS(status)) return 1;
        seconds[round] = now() - began;
        if (usage.ru_maxrss > peak) peak = usage.ru_maxrss;
    }
    qsort(seconds, times, sizeof *seconds, ascending);
    printf("| %.2f | %.1f |\n", seconds[times / 2], peak / 1000.0);
    return 0;
}
