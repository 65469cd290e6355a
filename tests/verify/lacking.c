/* Runs a command where a system call fails, as on emulated machines, under older kernels and in other containers:
   `lacking WHAT ERRNO CMD...`, where WHAT is a row of the table. */
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *what;
    unsigned number;
    /* Of its calls those of which this argument has this value, or all of these bits. */
    int argument, test;
    unsigned value;
} rows[] = {
    {"seccomp", SYS_seccomp, 0, BPF_JEQ, SECCOMP_SET_MODE_FILTER},
    {"killable", SYS_seccomp, 1, BPF_JSET, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
    {"listener", SYS_seccomp, 1, BPF_JSET, SECCOMP_FILTER_FLAG_NEW_LISTENER},
    {"diagnosis", SYS_socket, 2, BPF_JEQ, NETLINK_SOCK_DIAG},
    {"connect", SYS_connect, 2, BPF_JSET, ~0u},
};

int main(int count, char **words) {
    for (unsigned at = 0; count > 3 && at < sizeof rows / sizeof *rows; at++) {
        if (strcmp(words[1], rows[at].what)) continue;
        struct sock_filter filter[] = {
            {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
            {BPF_JMP | BPF_JEQ | BPF_K, 0, 3, rows[at].number},
            {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, args[rows[at].argument])},
            {BPF_JMP | rows[at].test | BPF_K, 0, 1, rows[at].value},
            {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | (unsigned)atoi(words[2])},
            {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
        };
        struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
        if (geteuid()) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) return 77;
        execvp(words[3], words + 3);
        return 78;
    }
    return 79;
}
