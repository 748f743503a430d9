#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Everything that the signal handlers do is safe in one: tcsetattr(), tcgetpgrp(), write(), sigaction(),
 * pthread_sigmask() and raise() are (POSIX 2.4.3), and the state is written before it is announced by `taken` and `pasting`. */

static struct termios before, raw;
static int terminal, screen;
static volatile sig_atomic_t taken, resumed, pasting;
/* The terminal was given back by a stop, and not taken again: a process in the background that takes it is stopped. */
static volatile sig_atomic_t away;

/* A terminal that does not know the mode ignores these. */
static const char paste_on[] = "\033[?2004h", paste_off[] = "\033[?2004l";
/* Colours end, and whatever is drawn below the cursor goes: the next prompt stands in a line of its own. */
static const char area_off[] = "\033[m\r\n\033[J";

static void put(const char *text) {
    /* A terminal that has gone away needs nothing. */
    ssize_t count = write(screen, text, strlen(text));
    (void)count;
}

static const int endings[] = {SIGHUP,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,    SIGFPE,  SIGSEGV,
                              SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGSYS,  SIGVTALRM, SIGXCPU, SIGTSTP};
enum { ENDING_COUNT = sizeof endings / sizeof endings[0] };
static struct sigaction earlier[ENDING_COUNT];

static void handle(int number, siginfo_t *info, void *context);

static struct sigaction ours(void) {
    struct sigaction action;
    action.sa_sigaction = handle;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    return action;
}

static int is_ours(const struct sigaction *action) {
    return action->sa_flags & SA_SIGINFO && action->sa_sigaction == handle;
}

static int is_fault(int number) {
    return number == SIGILL || number == SIGTRAP || number == SIGBUS || number == SIGFPE || number == SIGSEGV;
}

static void install(void) {
    struct sigaction action = ours();
    for (int i = 0; i < ENDING_COUNT; i++) {
        sigaction(endings[i], NULL, &earlier[i]);
        int is_standard = !(earlier[i].sa_flags & SA_SIGINFO) && earlier[i].sa_handler == SIG_DFL;
        /* What somebody else waits for, or ignores, is no ending; a fault is, whoever reports it. */
        if (is_standard || is_fault(endings[i])) sigaction(endings[i], &action, NULL);
    }
}

static void restore_action(int number) {
    struct sigaction now;
    sigaction(number, NULL, &now);
    for (int i = 0; i < ENDING_COUNT; i++)
        if (endings[i] == number && is_ours(&now)) sigaction(number, &earlier[i], NULL);
}

static void take_again(void) {
    if (tcgetpgrp(terminal) != getpgrp()) return;
    away = 0;
    tcsetattr(terminal, TCSANOW, &raw);
    if (pasting) put(paste_on);
    resumed = 1;
}

/* Gives the terminal back and lets the signal do what it does without us. */
static void handle(int number, siginfo_t *info, void *context) {
    (void)context;
    int error = errno;
    if (taken && !away) {
        if (pasting) {
            put(paste_off);
            put(area_off);
        }
        tcsetattr(terminal, TCSANOW, &before);
        away = 1;
    }
    restore_action(number);
    /* The instruction at fault is executed again, and whoever reports faults sees it. */
    if (is_fault(number) && info->si_code > 0) return;
    sigset_t only, mask;
    sigemptyset(&only);
    sigaddset(&only, number);
    raise(number);
    pthread_sigmask(SIG_UNBLOCK, &only, &mask);
    /* Only a process that was stopped comes here. */
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    if (taken) {
        struct sigaction action = ours();
        sigaction(number, &action, NULL);
        take_again();
    }
    errno = error;
}

int martlet_raw_mode_enter(int file, enum martlet_raw_mode mode) {
    static int registered;
    if (taken) return 0;
    if (tcgetattr(file, &before) != 0) return -1;
    raw = before;
    raw.c_lflag &= ~(tcflag_t)ICANON;
    if (mode == martlet_raw_keys) {
        raw.c_lflag &= ~(tcflag_t)(ECHO | IEXTEN);
        /* Return is a carriage return, and Ctrl-S and Ctrl-Q do not hold the terminal. */
        raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON);
    }
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    terminal = file;
    if (!registered) registered = atexit(martlet_raw_mode_leave) == 0;
    install();
    away = 0;
    taken = 1;
    if (tcsetattr(file, TCSADRAIN, &raw) == 0) return 0;
    int error = errno;
    taken = 0;
    for (int i = 0; i < ENDING_COUNT; i++) restore_action(endings[i]);
    errno = error;
    return -1;
}

void martlet_raw_mode_mark_pastes(int file) {
    if (!taken || pasting) return;
    screen = file;
    pasting = 1;
    if (!away) put(paste_on);
}

void martlet_raw_mode_leave(void) {
    if (!taken) return;
    if (pasting && !away) put(paste_off);
    pasting = 0;
    if (!away) tcsetattr(terminal, TCSADRAIN, &before);
    taken = 0;
    for (int i = 0; i < ENDING_COUNT; i++) restore_action(endings[i]);
}

int martlet_raw_mode_away(void) {
    if (taken && away) take_again();
    return away;
}

int martlet_raw_mode_resumed(void) {
    int value = resumed;
    resumed = 0;
    return value;
}
