/* Frames and fields; see message.h.
 *
 * I1  a frame's head stands in the buffer from message_begin on; its size is written by message_end
 * I2  what is read is bounded by what is there before it is used */
#include "tabs/message/message.h"

#include <firn/allocator.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- writing --- */

void message_fini(message_buffer *buffer)
{
    firn_release(NULL, buffer->data, buffer->room);
    *buffer = (message_buffer){0};
}

bool message_reserve(message_buffer *buffer, size_t more)
{
    void *data = buffer->data;
    if (buffer->room - buffer->size >= more)
        return true;
    if (more > MESSAGE_MAX_BYTES + sizeof(message_head) ||
        !firn_grow(NULL, &data, &buffer->room, buffer->size + more, 1)) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    return true;
}

void message_add_raw(message_buffer *buffer, const void *data, size_t size)
{
    if (buffer->failed || size == 0 || !message_reserve(buffer, size))
        return;
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
}

void message_begin(message_buffer *buffer, message_kind kind, uint32_t id)
{
    const message_head head = {.kind = (uint32_t)kind, .id = id};
    buffer->frame = buffer->size;
    message_add_raw(buffer, &head, sizeof head);
}

void message_add(message_buffer *buffer, const void *data, size_t size)
{
    const uint32_t bytes = (uint32_t)size;
    if (size > MESSAGE_MAX_BYTES) {
        buffer->failed = true;
        return;
    }
    message_add_raw(buffer, &bytes, sizeof bytes);
    message_add_raw(buffer, data, size);
    message_add_raw(buffer, "", 1);
}

void message_add_text(message_buffer *buffer, const char *text)
{
    message_add(buffer, text, text != NULL ? strlen(text) : 0);
}

void message_add_number(message_buffer *buffer, uint64_t number)
{
    message_add(buffer, &number, sizeof number);
}

void message_end(message_buffer *buffer)
{
    if (buffer->failed)
        return;
    const uint64_t size = buffer->size - buffer->frame - sizeof(message_head);
    if (size > MESSAGE_MAX_BYTES)
        buffer->failed = true;
    memcpy(buffer->data + buffer->frame + offsetof(message_head, size), &size,
           sizeof size); /* I1 */
}

/* --- reading --- */

static bool head_is_one(const message_head *head)
{
    return head->kind > 0 && head->kind < MESSAGE_KIND_END && head->size <= MESSAGE_MAX_BYTES;
}

message_found message_find(const char *data, size_t size, message *ret_message, size_t *ret_used)
{
    message_head head;
    if (size < sizeof head)
        return MESSAGE_PART;
    memcpy(&head, data, sizeof head);
    if (!head_is_one(&head))
        return MESSAGE_BROKEN;
    if (size - sizeof head < head.size)
        return MESSAGE_PART;
    *ret_message = (message){.kind = (message_kind)head.kind,
                             .id = head.id,
                             .payload = data + sizeof head,
                             .size = (size_t)head.size,
                             .descriptor = -1};
    *ret_used = sizeof head + (size_t)head.size;
    return MESSAGE_WHOLE;
}

bool message_is_at_end(const message *from)
{
    return from->broken || from->at == from->size;
}

const char *message_take(message *from, size_t *ret_size)
{
    uint32_t bytes;
    const size_t left = from->size - from->at;
    *ret_size = 0;
    if (from->broken || left < sizeof bytes + 1) {
        from->broken = true;
        return "";
    }
    const char *field = from->payload + from->at;
    memcpy(&bytes, field, sizeof bytes);
    if (bytes > left - sizeof bytes - 1 || field[sizeof bytes + bytes] != '\0') { /* I2 */
        from->broken = true;
        return "";
    }
    from->at += sizeof bytes + bytes + 1;
    *ret_size = bytes;
    return field + sizeof bytes;
}

const char *message_take_text(message *from)
{
    size_t size;
    return message_take(from, &size);
}

uint64_t message_take_number(message *from)
{
    uint64_t number = 0;
    size_t size;
    const char *field = message_take(from, &size);
    if (size != sizeof number) {
        from->broken = true;
        return 0;
    }
    memcpy(&number, field, sizeof number);
    return number;
}

/* --- over a socket --- */

bool message_send_bytes(int socket, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

bool message_send(int socket, message_buffer *buffer)
{
    const bool is_sent = !buffer->failed && message_send_bytes(socket, buffer->data, buffer->size);
    buffer->size = 0;
    buffer->failed = false;
    return is_sent;
}

bool message_receive_bytes(int socket, void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        ssize_t got = recv(socket, at, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}

union control { /* room for one descriptor */
    char space[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
};

bool message_pass(int socket, const void *data, size_t size, int descriptor, int flags)
{
    union control control = {{0}};
    struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof control.space};
    struct cmsghdr *first = CMSG_FIRSTHDR(&header);
    first->cmsg_level = SOL_SOCKET;
    first->cmsg_type = SCM_RIGHTS;
    first->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(first), &descriptor, sizeof descriptor);
    return sendmsg(socket, &header, MSG_NOSIGNAL | flags) == (ssize_t)size;
}

bool message_send_with(int socket, message_buffer *buffer, int descriptor)
{
    const bool is_sent = !buffer->failed &&
                         message_pass(socket, buffer->data, buffer->size, descriptor, MSG_DONTWAIT);
    buffer->size = 0;
    buffer->failed = false;
    return is_sent;
}

/* A descriptor comes with the first byte of its frame. */
static bool receive_head(int socket, message_head *ret_head, int *ret_descriptor)
{
    union control control;
    struct iovec part = {.iov_base = ret_head, .iov_len = sizeof *ret_head};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got;
    do {
        header.msg_control = control.space;
        header.msg_controllen = sizeof control.space;
        got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    const struct cmsghdr *first = got > 0 ? CMSG_FIRSTHDR(&header) : NULL;
    *ret_descriptor = -1;
    if (first != NULL && first->cmsg_type == SCM_RIGHTS)
        memcpy(ret_descriptor, CMSG_DATA(first), sizeof *ret_descriptor);
    return got > 0 &&
           message_receive_bytes(socket, (char *)ret_head + got, sizeof *ret_head - (size_t)got);
}

bool message_receive(int socket, message_buffer *into, message *ret_message)
{
    message_head head;
    int descriptor;
    into->size = 0;
    const bool is_whole = receive_head(socket, &head, &descriptor) && head_is_one(&head) &&
                          message_reserve(into, (size_t)head.size + 1) &&
                          message_receive_bytes(socket, into->data, (size_t)head.size);
    const bool is_wanted = is_whole && (head.kind == MESSAGE_WRITE || head.kind == MESSAGE_SHARE);
    if (descriptor >= 0 && !is_wanted) {
        (void)close(descriptor);
        descriptor = -1;
    }
    if (!is_whole)
        return false;
    *ret_message = (message){.kind = (message_kind)head.kind,
                             .id = head.id,
                             .payload = into->data,
                             .size = (size_t)head.size,
                             .descriptor = descriptor};
    return true;
}
