/* What a program may do to reach out unseen; nothing of it leaves the loopback, since the tests cut the network off. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in inet(const char *ip, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, ip, &address.sin_addr);
    return address;
}

static int try_connect(const char *ip, int port) {
    struct sockaddr_in address = inet(ip, port);
    int socket_ = socket(AF_INET, SOCK_STREAM, 0);
    int result = connect(socket_, (struct sockaddr *)&address, sizeof address);
    close(socket_);
    return result;
}

/* Exchanges the address behind the witness's back. */
static volatile struct sockaddr_in shared;
static volatile int over;

static void *exchange(void *unused) {
    while (!over) {
        shared.sin_addr.s_addr = htonl(0x7f000001);
        shared.sin_addr.s_addr = htonl(0xc0000201);
    }
    return unused;
}

static int race(const char *how) {
    int datagram = !strcmp(how, "sendto"), raw = !strcmp(how, "raw");
    pthread_t thread;
    shared = inet("127.0.0.1", 9);
    pthread_create(&thread, 0, exchange, 0);
    /* On a busy machine the other thread may be long in coming. */
    for (int i = 0, refused = 0; i < 2000 || (refused < 10 && i < 200000); i++) {
        int socket_ = raw ? socket(AF_INET, SOCK_RAW, 253) : socket(AF_INET, SOCK_DGRAM, 0);
        if (socket_ < 0) return 77;
        struct sockaddr *address = (struct sockaddr *)&shared;
        refused += (datagram || raw ? sendto(socket_, "x", 1, 0, address, sizeof shared) < 0
                                    : connect(socket_, address, sizeof shared) != 0);
        close(socket_);
    }
    over = 1;
    pthread_join(thread, 0);
    return 0;
}

static void *wait_for_the_end(void *unused) {
    while (!over) usleep(1000);
    return unused;
}

/* One datagram to the loopback, whose address another thread could exchange. */
static int exchangeable(int socket_, const void *address, socklen_t length) {
    pthread_t thread;
    pthread_create(&thread, 0, wait_for_the_end, 0);
    sendto(socket_, "x", 1, 0, address, length);
    over = 1;
    pthread_join(thread, 0);
    return 0;
}

/* The kernel counts no refused route of a raw socket. */
static int raw(void) {
    struct sockaddr_in inside = inet("127.0.0.1", 9);
    int socket_ = socket(AF_INET, SOCK_RAW, 253);
    return socket_ < 0 ? 77 : exchangeable(socket_, &inside, sizeof inside);
}

/* A socket of IPv6 whose maker is gone. */
static int orphan6(void) {
    struct sockaddr_in6 inside = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
    inside.sin6_addr = in6addr_loopback;
    int socket_ = socket(AF_INET6, SOCK_DGRAM, 0), parent = getpid();
    if (socket_ < 0) return 77;
    if (fork() > 0) return 0;
    while (getppid() == parent) usleep(1000);
    return exchangeable(socket_, &inside, sizeof inside);
}

/* A network namespace whose making no register tells of, and its loopback. */
static int clone3_(void) {
    struct clone_args arguments = {.flags = CLONE_NEWNET | (geteuid() ? CLONE_NEWUSER : 0), .exit_signal = SIGCHLD};
    pid_t child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child < 0) return 77;
    if (child == 0) _exit(try_connect("127.0.0.1", 9) == 0);
    waitpid(child, 0, 0);
    return 0;
}

/* One IORING_OP_CONNECT. */
static int ring(void) {
    struct io_uring_params params = {0};
    int ring = syscall(SYS_io_uring_setup, 4, &params);
    if (ring < 0) return 77;
    size_t size = params.sq_off.array + params.sq_entries * sizeof(unsigned);
    char *queue = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
    struct io_uring_sqe *entries = mmap(0, params.sq_entries * sizeof *entries, PROT_READ | PROT_WRITE,
                                        MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
    struct sockaddr_in address = inet("192.0.2.1", 80);
    memset(entries, 0, sizeof *entries);
    entries->opcode = IORING_OP_CONNECT;
    entries->fd = socket(AF_INET, SOCK_STREAM, 0);
    entries->addr = (unsigned long)&address;
    entries->off = sizeof address;
    ((unsigned *)(queue + params.sq_off.array))[0] = 0;
    __atomic_store_n((unsigned *)(queue + params.sq_off.tail), 1, __ATOMIC_RELEASE);
    return syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) == 1 ? 0 : 78;
}

/* A question for `secret.invalid` to a name server on the loopback, which may be there, and an address. */
static int question(const char *ip, int is_there, const char *next, int port) {
    static const char query[] = "\xab\xcd\1\0\0\1\0\0\0\0\0\0\6secret\7invalid\0\0\1\0\1";
    struct sockaddr_in server = inet(ip, 53);
    if (is_there && bind(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&server, sizeof server)) return 77;
    int socket_ = socket(AF_INET, SOCK_DGRAM, 0);
    sendto(socket_, query, sizeof query - 1, 0, (struct sockaddr *)&server, sizeof server);
    if (next) try_connect(next, port);
    return 0;
}

/* More messages at once than anybody sends, the last of them to the outside. */
static int many(void) {
    enum { COUNT = 100 };
    static struct sockaddr_in6 inside = {.sin6_family = AF_INET6}, outside = {.sin6_family = AF_INET6};
    static struct mmsghdr messages[COUNT];
    static struct iovec text = {"x", 1};
    inside.sin6_port = outside.sin6_port = htons(9);
    inside.sin6_addr = in6addr_loopback;
    inet_pton(AF_INET6, "2001:db8::1", &outside.sin6_addr);
    for (int i = 0; i < COUNT; i++) {
        struct sockaddr_in6 *address = i == COUNT - 1 ? &outside : &inside;
        messages[i].msg_hdr = (struct msghdr){address, sizeof *address, &text, 1};
    }
    sendmmsg(socket(AF_INET6, SOCK_DGRAM, 0), messages, COUNT, 0);
    return 0;
}

/* The host of a virtual machine, which no network namespace keeps away: the address is not even read when it is noted. */
static int virtual(void) { return socket(40 /* AF_VSOCK */, SOCK_STREAM, 0) < 0 ? 77 : 0; }

/* Takes the one listener that a process and all below it can have, and goes on as another program. */
static int listen_first(char **words) {
    struct sock_filter all = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
    struct sock_fprog program = {1, &all};
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    int listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    if (listener < 0) return 77;
    fcntl(listener, F_SETFD, 0);
    execv(words[0], words);
    return 78;
}

/* Goes on as another program that can make no namespace, as in a container. */
static int cage(char **words) {
    struct sock_filter unshare_only[] = {
        {BPF_LD | BPF_W | BPF_ABS, 0, 0, 0},
        {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_unshare},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | EPERM},
        {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
    };
    struct sock_fprog program = {4, unshare_only};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) return 77;
    execvp(words[0], words);
    return 78;
}

/* A daemon that reaches out after its parents are gone. */
static int leave_daemon(const char *milliseconds, const char *note) {
    if (fork() > 0) return 0;
    setsid();
    if (fork() > 0) _exit(0);
    close(0), close(1), close(2);
    if (note) {
        char number[16];
        int file = open(note, O_WRONLY | O_CREAT, 0600);
        if (write(file, number, sprintf(number, "%d", getpid())) < 0) _exit(1);
        close(file);
    }
    usleep(atoi(milliseconds) * 1000);
    try_connect("192.0.2.1", 81);
    _exit(0);
}

/* The calls of a 32-bit program. */
static int compat(void) {
#ifdef __x86_64__
    int *memory = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    struct sockaddr_in address = inet("192.0.2.1", 82);
    memcpy(memory + 16, &address, sizeof address);
    memory[0] = socket(AF_INET, SOCK_STREAM, 0);
    memory[1] = (int)(long)(memory + 16);
    memory[2] = sizeof address;
    int result;
    /* socketcall(SYS_CONNECT, arguments). */
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(102), "b"(3), "c"(memory) : "memory", "r8", "r9", "r10", "r11");
    return result == -ENETUNREACH ? 0 : result == -ENOSYS ? 77 : 78;
#else
    return 77;
#endif
}

int main(int count, char **words) {
    const char *what = count > 1 ? words[1] : "";
    if (!strcmp(what, "race")) return race(count > 2 ? words[2] : "");
    if (!strcmp(what, "raw")) return raw();
    if (!strcmp(what, "orphan6")) return orphan6();
    if (!strcmp(what, "clone3")) return clone3_();
    if (!strcmp(what, "ring")) return ring();
    if (!strcmp(what, "question")) return question("127.0.0.11", 0, 0, 0);
    if (!strcmp(what, "refused")) return question("127.0.0.11", 0, "192.0.2.7", 443);
    if (!strcmp(what, "answered")) return question("127.0.0.1", 1, "192.0.2.7", 443);
    if (!strcmp(what, "daemon")) return leave_daemon(words[2], count > 3 ? words[3] : 0);
    if (!strcmp(what, "compat")) return compat();
    if (!strcmp(what, "many")) return many();
    if (!strcmp(what, "virtual")) return virtual();
    if (!strcmp(what, "listen")) return listen_first(words + 2);
    if (!strcmp(what, "cage")) return cage(words + 2);
    if (!strcmp(what, "sudo")) return printf("%d\n", geteuid()), 0;
    if (!strcmp(what, "connect")) return try_connect(words[2], atoi(words[3])), 0;
    if (!strcmp(what, "dropped")) {
        if (setgid(65534) || setuid(65534)) return 78;
        return try_connect("192.0.2.1", 83), 0;
    }
    if (!strcmp(what, "escape")) {
        int file = open("/proc/1/ns/net", O_RDONLY);
        return setns(file, 0) ? 78 : 0;
    }
    if (!strcmp(what, "rooted")) {
        if (chroot(words[2]) || chdir("/")) return 77;
        words++, what = "unix";
    }
    if (!strcmp(what, "unix")) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        strncpy(address.sun_path, words[2], sizeof address.sun_path - 1);
        return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, sizeof address) ? 78 : 0;
    }
    if (!strcmp(what, "recycled")) {
        /* A descriptor that led to a name server leads elsewhere now. */
        struct sockaddr_in server = inet("127.0.0.53", 53), other = inet("127.0.0.1", 7);
        int socket_ = socket(AF_INET, SOCK_DGRAM, 0);
        connect(socket_, (struct sockaddr *)&server, sizeof server);
        close(socket_);
        int again = socket(AF_INET, SOCK_DGRAM, 0);
        connect(again, (struct sockaddr *)&other, sizeof other);
        return again == socket_ && send(again, "hello", 5, 0) == 5 ? 0 : 78;
    }
    return 79;
}
