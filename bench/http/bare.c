/* Servers that do nothing but answer, the least that any can take: bare PORT epoll|io_uring. They
 * count empty lines and send as many answers. With io_uring one submission accepts all connections
 * and one of each connection receives all it sends, into buffers that the kernel picks; what the
 * kernel has to do is done when the program waits (IORING_SETUP_DEFER_TASKRUN). */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ANSWER                                                                                     \
    "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: bare\r\n"                   \
    "Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nhello, world\n"
enum { ANSWER_BYTES = sizeof ANSWER - 1, DEPTH = 64, READ = 8192, EVENTS = 256 };
enum { ENTRIES = 4096, BUFFERS = 1024, FDS = 1 << 16 };

static char answers[DEPTH * ANSWER_BYTES];
static uint8_t states[FDS]; /* how much of "\n\r\n" has come */

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* How many heads end in what has come. */
static unsigned heads_in(int fd, const char *data, size_t size)
{
    unsigned heads = 0;
    const char *end = data + size;
    if (states[fd] == 0 && size >= 4 && memcmp(end - 4, "\r\n\r\n", 4) == 0) { /* all whole */
        for (const char *at = data; (at = memmem(at, (size_t)(end - at), "\r\n\r\n", 4)) != NULL;
             at += 4)
            heads++;
        return heads < DEPTH ? heads : DEPTH;
    }
    for (; data < end; data++) {
        if (*data == '\n' && states[fd] == 2)
            heads++;
        states[fd] = *data == '\n' ? states[fd] != 2 : *data == '\r' && states[fd] == 1 ? 2 : 0;
    }
    return heads < DEPTH ? heads : DEPTH;
}

static int listen_at(unsigned port)
{
    const int on = 1;
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* of what it accepts, too */
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || listen(fd, 4096) != 0)
        fail("listen");
    return fd;
}

/* --- epoll --- */

static void serve_epoll(int listener)
{
    static char data[READ];
    struct epoll_event events[EVENTS], event = {.events = EPOLLIN, .data = {.fd = listener}};
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) {
                event.data.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (event.data.fd >= 0 && event.data.fd < FDS)
                    epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
                continue;
            }
            ssize_t size = recv(fd, data, sizeof data, 0);
            unsigned heads = size > 0 ? heads_in(fd, data, (size_t)size) : 0;
            if (size <= 0 ||
                (heads > 0 && send(fd, answers, heads * ANSWER_BYTES, MSG_NOSIGNAL) < 0)) {
                states[fd] = 0;
                close(fd);
            }
        }
    }
}

/* --- io_uring --- */

static struct {
    int fd;
    _Atomic(unsigned) *submit_tail, *done_head, *done_tail;
    unsigned mask, done_mask, waiting;
    struct io_uring_sqe *entries;
    struct io_uring_cqe *done;
    struct io_uring_buf_ring *buffers;
    char (*memory)[READ];
} ring;

static void *map(size_t size, int fd, off_t offset)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, offset);
    if (memory == MAP_FAILED)
        fail("mmap");
    return memory;
}

static void give_buffer(unsigned id)
{
    _Atomic(uint16_t) *end = (_Atomic(uint16_t) *)&ring.buffers->tail;
    uint16_t tail = atomic_load_explicit(end, memory_order_relaxed);
    struct io_uring_buf *buffer = &ring.buffers->bufs[tail & (BUFFERS - 1)];
    buffer->addr = (uint64_t)(uintptr_t)ring.memory[id];
    buffer->len = READ;
    buffer->bid = (uint16_t)id;
    atomic_store_explicit(end, (uint16_t)(tail + 1), memory_order_release);
}

static void open_ring(void)
{
    struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER |
                                              IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE,
                                     .cq_entries = 4 * ENTRIES};
    ring.fd = (int)syscall(SYS_io_uring_setup, ENTRIES, &params);
    if (ring.fd < 0)
        fail("io_uring");
    char *submit = map(params.sq_off.array + params.sq_entries * sizeof(unsigned), ring.fd,
                       IORING_OFF_SQ_RING);
    char *done = map(params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), ring.fd,
                     IORING_OFF_CQ_RING);
    ring.entries = map(params.sq_entries * sizeof(struct io_uring_sqe), ring.fd, IORING_OFF_SQES);
    ring.submit_tail = (void *)(submit + params.sq_off.tail);
    ring.done_head = (void *)(done + params.cq_off.head);
    ring.done_tail = (void *)(done + params.cq_off.tail);
    ring.done = (void *)(done + params.cq_off.cqes);
    ring.mask = params.sq_entries - 1;
    ring.done_mask = params.cq_entries - 1;
    for (unsigned i = 0; i < params.sq_entries; i++)
        ((unsigned *)(void *)(submit + params.sq_off.array))[i] = i;
    ring.buffers = map(BUFFERS * sizeof(struct io_uring_buf), -1, 0);
    ring.memory = map(sizeof *ring.memory * BUFFERS, -1, 0);
    struct io_uring_buf_reg at = {.ring_addr = (uint64_t)(uintptr_t)ring.buffers,
                                  .ring_entries = BUFFERS};
    if (syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_PBUF_RING, &at, 1) != 0)
        fail("io_uring's buffers");
    for (unsigned i = 0; i < BUFFERS; i++)
        give_buffer(i);
}

static void enter(unsigned wanted)
{
    if (syscall(SYS_io_uring_enter, ring.fd, ring.waiting, wanted, IORING_ENTER_GETEVENTS, NULL,
                0) < 0 &&
        errno != EINTR)
        fail("io_uring_enter");
    ring.waiting = 0;
}

static struct io_uring_sqe *ask(uint8_t operation, int fd)
{
    if (ring.waiting == ring.mask)
        enter(0);
    unsigned tail = atomic_load_explicit(ring.submit_tail, memory_order_relaxed);
    struct io_uring_sqe *entry = &ring.entries[tail & ring.mask];
    *entry = (struct io_uring_sqe){
        .opcode = operation, .fd = fd, .user_data = (uint64_t)operation << 32 | (unsigned)fd};
    atomic_store_explicit(ring.submit_tail, tail + 1, memory_order_release);
    ring.waiting++;
    return entry;
}

static void receive(int fd)
{
    struct io_uring_sqe *entry = ask(IORING_OP_RECV, fd);
    entry->ioprio = IORING_RECV_MULTISHOT;
    entry->flags = IOSQE_BUFFER_SELECT;
}

static void take_in(int listener)
{
    ask(IORING_OP_ACCEPT, listener)->ioprio = IORING_ACCEPT_MULTISHOT;
}

static void received(int fd, const struct io_uring_cqe *done)
{
    if (done->res > 0) {
        unsigned id = done->flags >> IORING_CQE_BUFFER_SHIFT;
        unsigned heads = heads_in(fd, ring.memory[id], (size_t)done->res);
        give_buffer(id);
        if (heads > 0) {
            struct io_uring_sqe *entry = ask(IORING_OP_SEND, fd);
            entry->addr = (uint64_t)(uintptr_t)answers;
            entry->len = heads * ANSWER_BYTES;
            entry->msg_flags = MSG_WAITALL | MSG_NOSIGNAL;
            entry->flags = IOSQE_CQE_SKIP_SUCCESS;
        }
    }
    if ((done->flags & IORING_CQE_F_MORE) != 0)
        return;
    if (done->res > 0 || done->res == -ENOBUFS) {
        receive(fd);
    } else {
        states[fd] = 0;
        close(fd);
    }
}

static void serve_uring(int listener)
{
    open_ring();
    take_in(listener);
    for (;;) {
        enter(1);
        unsigned head = atomic_load_explicit(ring.done_head, memory_order_relaxed);
        const unsigned tail = atomic_load_explicit(ring.done_tail, memory_order_acquire);
        for (; head != tail; head++) {
            const struct io_uring_cqe *done = &ring.done[head & ring.done_mask];
            const int fd = (int)(done->user_data & UINT32_MAX);
            if (done->user_data >> 32 == IORING_OP_RECV)
                received(fd, done);
            else if (done->user_data >> 32 == IORING_OP_ACCEPT && done->res >= 0)
                receive(done->res);
            if (done->user_data >> 32 == IORING_OP_ACCEPT && (done->flags & IORING_CQE_F_MORE) == 0)
                take_in(listener);
        }
        atomic_store_explicit(ring.done_head, head, memory_order_release);
    }
}

int main(int count, char **words)
{
    if (count < 3)
        return 1;
    int listener = listen_at((unsigned)strtoul(words[1], NULL, 10));
    for (int i = 0; i < DEPTH; i++)
        memcpy(answers + i * ANSWER_BYTES, ANSWER, ANSWER_BYTES);
    if (strcmp(words[2], "io_uring") == 0)
        serve_uring(listener);
    else
        serve_epoll(listener);
    return 0;
}
