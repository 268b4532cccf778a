/* What one end's connections have in common: certificates read and checked, once. See tls.h. */
#include "http/tls.h"

#include "core/system.h"
#include "http/tls_context.h"

#include <firn/file.h>

#include <string.h>

#define FILE_LIMIT (8u << 20) /* bytes of certificates; the system's own are 0.2 MB */

/* TLS 1.0 and 1.1 are broken (RFC 8996). */
static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

struct content {
    void *data;
    size_t size;
};

static firn_status read_file(const char *path, struct content *content, firn_error *ret_error)
{
    return firn_file_read_all(path, FILE_LIMIT, NULL, &content->data, &content->size, NULL,
                              ret_error);
}

static void release(struct content *content)
{
    if (content->data != NULL) /* keys do not stay in memory that others get */
        explicit_bzero(content->data, content->size);
    firn_release(NULL, content->data, content->size);
    *content = (struct content){NULL, 0};
}

static gnutls_datum_t datum_of(const struct content *content)
{
    return (gnutls_datum_t){.data = content->data, .size = (unsigned)content->size};
}

static firn_status no_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory");
}

static firn_status make(struct tls_context **ret_context, firn_error *ret_error)
{
    const struct gnutls_table *gnutls = firn_http_gnutls();
    if (gnutls == NULL)
        return firn_error_set(ret_error, FIRN_UNSUPPORTED, 0,
                              "%s: cannot be loaded; install GnuTLS (Debian: libgnutls30)",
                              FIRN_GNUTLS_LIBRARY);
    struct tls_context *context = firn_allocate_zeroed(NULL, 1, sizeof *context);
    if (context == NULL)
        return no_memory(ret_error);
    context->gnutls = gnutls;
    if (gnutls->certificate_allocate_credentials(&context->credentials) < 0 ||
        gnutls->priority_init2(&context->priority, priorities, NULL, 0) < 0) {
        firn_http_tls_context_destroy(context);
        return no_memory(ret_error);
    }
    *ret_context = context;
    return FIRN_OK;
}

void firn_http_tls_context_destroy(struct tls_context *context)
{
    if (context == NULL)
        return;
    const struct gnutls_table *gnutls = context->gnutls;
    if (context->credentials != NULL)
        gnutls->certificate_free_credentials(context->credentials);
    if (context->priority != NULL)
        gnutls->priority_deinit(context->priority);
    if (context->ticket_key.data != NULL) {
        explicit_bzero(context->ticket_key.data, context->ticket_key.size);
        (*gnutls->release)(context->ticket_key.data);
    }
    firn_release(NULL, context, sizeof *context);
}

/* --- a server's --- */

/* That the first certificate of a file is one, and of this time: every client would refuse it. */
static firn_status check_certificate(const struct gnutls_table *gnutls, const char *path,
                                     const gnutls_datum_t *pem, firn_error *ret_error)
{
    gnutls_x509_crt_t certificate;
    if (gnutls->x509_crt_init(&certificate) < 0)
        return no_memory(ret_error);
    firn_status status = FIRN_OK;
    int result = gnutls->x509_crt_import(certificate, pem, GNUTLS_X509_FMT_PEM);
    const int64_t now = firn_clock_wall_ns() / 1000000000;
    const int64_t begins = gnutls->x509_crt_get_activation_time(certificate);
    const int64_t ends = gnutls->x509_crt_get_expiration_time(certificate);
    if (result == GNUTLS_E_MEMORY_ERROR)
        status = no_memory(ret_error);
    else if (result < 0)
        status = firn_error_set(ret_error, FIRN_INVALID, 0,
                                "%s: no certificate in PEM; name one that is", path);
    else if (ends >= 0 && ends < now)
        status = firn_error_set(ret_error, FIRN_INVALID, 0,
                                "%s: the certificate has expired; renew it", path);
    else if (begins > now)
        status = firn_error_set(ret_error, FIRN_INVALID, 0,
                                "%s: the certificate is not valid yet; see the clock", path);
    gnutls->x509_crt_deinit(certificate);
    return status;
}

static firn_status explain_pair(const struct gnutls_table *gnutls, int result,
                                const char *certificate_file, const char *key_file,
                                firn_error *ret_error)
{
    switch (result) {
    case GNUTLS_E_MEMORY_ERROR:
        return no_memory(ret_error);
    case GNUTLS_E_CERTIFICATE_KEY_MISMATCH:
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "%s: not the key of %s; name the one that it was made with", key_file,
                              certificate_file);
    case GNUTLS_E_DECRYPTION_FAILED:
        return firn_error_set(ret_error, FIRN_INVALID, 0,
                              "%s: has a pass phrase; name a key without", key_file);
    case GNUTLS_E_BASE64_UNEXPECTED_HEADER_ERROR:
    case GNUTLS_E_BASE64_DECODING_ERROR:
    case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
    case GNUTLS_E_INVALID_REQUEST: /* of an empty file */
        return firn_error_set(ret_error, FIRN_INVALID, 0, "%s: no key in PEM; name one that is",
                              key_file);
    default:
        return firn_error_set(ret_error, FIRN_INVALID, 0, "%s, %s: %s", certificate_file, key_file,
                              gnutls->strerror(result));
    }
}

static firn_status take_pair(struct tls_context *context, const char *certificate_file,
                             const char *key_file, firn_error *ret_error)
{
    const struct gnutls_table *gnutls = context->gnutls;
    struct content certificate = {NULL, 0}, key = {NULL, 0};
    firn_status status = read_file(certificate_file, &certificate, ret_error);
    if (status == FIRN_OK)
        status = read_file(key_file, &key, ret_error);
    if (status == FIRN_OK) {
        const gnutls_datum_t certificate_pem = datum_of(&certificate), key_pem = datum_of(&key);
        status = check_certificate(gnutls, certificate_file, &certificate_pem, ret_error);
        int result =
            status != FIRN_OK
                ? 0
                : gnutls->certificate_set_x509_key_mem2(context->credentials, &certificate_pem,
                                                        &key_pem, GNUTLS_X509_FMT_PEM, NULL, 0);
        if (result < 0)
            status = explain_pair(gnutls, result, certificate_file, key_file, ret_error);
    }
    release(&key);
    release(&certificate);
    return status;
}

firn_status firn_http_tls_server(const char *certificate_file, const char *key_file,
                                 struct tls_context **ret_context, firn_error *ret_error)
{
    struct tls_context *context;
    firn_status status = make(&context, ret_error);
    if (status != FIRN_OK)
        return status;
    context->is_server = true;
    status = take_pair(context, certificate_file, key_file != NULL ? key_file : certificate_file,
                       ret_error);
    if (status == FIRN_OK && context->gnutls->session_ticket_key_generate(&context->ticket_key) < 0)
        status = no_memory(ret_error);
    if (status == FIRN_OK)
        *ret_context = context;
    else
        firn_http_tls_context_destroy(context);
    return status;
}

/* --- a client's --- */

static firn_status trust_file(struct tls_context *context, const char *ca_file,
                              firn_error *ret_error)
{
    struct content content = {NULL, 0};
    firn_status status = read_file(ca_file, &content, ret_error);
    if (status != FIRN_OK)
        return status;
    const gnutls_datum_t pem = datum_of(&content);
    int result = context->gnutls->certificate_set_x509_trust_mem(context->credentials, &pem,
                                                                 GNUTLS_X509_FMT_PEM);
    release(&content);
    if (result == GNUTLS_E_MEMORY_ERROR)
        return no_memory(ret_error);
    return result > 0 ? FIRN_OK
                      : firn_error_set(ret_error, FIRN_INVALID, 0,
                                       "%s: no certificates in PEM; name a file of those to trust",
                                       ca_file);
}

firn_status firn_http_tls_client(const char *ca_file, bool is_unverified,
                                 struct tls_context **ret_context, firn_error *ret_error)
{
    struct tls_context *context;
    firn_status status = make(&context, ret_error);
    if (status != FIRN_OK)
        return status;
    context->is_unverified = is_unverified;
    if (ca_file != NULL)
        status = trust_file(context, ca_file, ret_error);
    else if (!is_unverified &&
             context->gnutls->certificate_set_x509_system_trust(context->credentials) <= 0)
        status = firn_error_set(ret_error, FIRN_NOT_FOUND, 0,
                                "the system trusts no certificates; install ca-certificates, or "
                                "name a file of those to trust");
    if (status == FIRN_OK)
        *ret_context = context;
    else
        firn_http_tls_context_destroy(context);
    return status;
}
