/* The least that a wrapper can be: becomes the command (`floor exec COMMAND...`), or forks, becomes it in the child and
 * waits (`floor spawn COMMAND...`). Linked statically, it is what the shim's start-up is measured against. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 3) return 2;
    if (strcmp(argv[1], "exec") == 0 || fork() == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    int status;
    wait(&status);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
