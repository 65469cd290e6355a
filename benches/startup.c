/* Times commands against each other: every command is started in turn, round after round, so that whatever the machine
 * does meanwhile falls on all of them. Prints, for each, percentiles of the time from its start to its end in
 * microseconds, and what it adds to the first one.
 *
 * usage: startup ROUNDS LABEL COMMAND [ARGUMENT...] [-- LABEL COMMAND [ARGUMENT...]]...
 *        The first command is the one that the others are compared with. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 32 };

extern char **environ;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static double run(char **command) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    double start = now();
    pid_t child;
    int error = posix_spawnp(&child, command[0], &actions, NULL, command, environ);
    if (error != 0) {
        fprintf(stderr, "startup: cannot run %s: %s\n", command[0], strerror(error));
        exit(2);
    }
    int status;
    waitpid(child, &status, 0);
    double end = now();
    posix_spawn_file_actions_destroy(&actions);
    if (status != 0) {
        fprintf(stderr, "startup: %s ended with wait status %#x\n", command[0], status);
        exit(2);
    }
    return end - start;
}

static int by_value(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

int main(int argc, char **argv) {
    int rounds = argc > 1 ? atoi(argv[1]) : 0;
    char *labels[MOST], **commands[MOST];
    double *times[MOST];
    int count = 0;
    for (int index = 2; index + 1 < argc && count < MOST; index++) {
        labels[count] = argv[index++];
        commands[count] = &argv[index];
        times[count++] = calloc(rounds, sizeof(double));
        while (index < argc && strcmp(argv[index], "--") != 0) index++;
        if (index < argc) argv[index] = NULL;
    }
    if (rounds < 10 || count == 0) {
        fprintf(stderr, "usage: startup ROUNDS LABEL COMMAND [ARGUMENT...] [-- LABEL COMMAND [ARGUMENT...]]...\n");
        return 2;
    }
    for (int round = -5; round < rounds; round++)
        for (int index = 0; index < count; index++) {
            double time = run(commands[index]);
            if (round >= 0) times[index][round] = time;
        }
    double first = 0;
    for (int index = 0; index < count; index++) {
        qsort(times[index], rounds, sizeof(double), by_value);
        double p10 = times[index][rounds / 10], p50 = times[index][rounds / 2], p90 = times[index][rounds * 9 / 10];
        if (index == 0) first = p50;
        printf("%-34s %8.0f %8.0f %8.0f %+8.0f %7.2f\n", labels[index], p10, p50, p90, p50 - first, p50 / first);
    }
    return 0;
}
