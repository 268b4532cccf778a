/* Certificates for tests of TLS, made by GnuTLS: each signed by its own key, or by an issuer's. */
#ifndef FIRN_TESTS_TLS_CERTIFICATES_H
#define FIRN_TESTS_TLS_CERTIFICATES_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

struct certificate {
    gnutls_x509_crt_t certificate;
    gnutls_x509_privkey_t key;
};

static inline void certificate_make(struct certificate *certificate, const char *host,
                                    const struct certificate *issuer, time_t ends)
{
    unsigned char serial[8];
    static unsigned char next;
    memset(serial, ++next, sizeof serial);
    gnutls_x509_crt_t made;
    assert_int_equal(gnutls_x509_privkey_init(&certificate->key), 0);
    assert_int_equal(gnutls_x509_privkey_generate(certificate->key, GNUTLS_PK_ECDSA,
                                                  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                                  0),
                     0);
    assert_int_equal(gnutls_x509_crt_init(&made), 0);
    assert_int_equal(gnutls_x509_crt_set_version(made, 3), 0);
    assert_int_equal(gnutls_x509_crt_set_serial(made, serial, sizeof serial), 0);
    assert_int_equal(gnutls_x509_crt_set_activation_time(made, time(NULL) - 86400), 0);
    assert_int_equal(gnutls_x509_crt_set_expiration_time(made, ends), 0);
    assert_int_equal(gnutls_x509_crt_set_key(made, certificate->key), 0);
    assert_int_equal(gnutls_x509_crt_set_dn_by_oid(made, GNUTLS_OID_X520_COMMON_NAME, 0, host,
                                                   (unsigned)strlen(host)),
                     0);
    assert_int_equal(gnutls_x509_crt_set_subject_alt_name(made, GNUTLS_SAN_DNSNAME, host,
                                                          (unsigned)strlen(host), GNUTLS_FSAN_SET),
                     0);
    assert_int_equal(gnutls_x509_crt_set_ca_status(made, issuer == NULL), 0);
    assert_int_equal(gnutls_x509_crt_sign2(made, issuer != NULL ? issuer->certificate : made,
                                           issuer != NULL ? issuer->key : certificate->key,
                                           GNUTLS_DIG_SHA256, 0),
                     0);
    certificate->certificate = made;
}

/* Writes the certificate, its key, or both in PEM. */
static inline void certificate_write(const struct certificate *certificate, const char *path,
                                     bool with_certificate, bool with_key)
{
    gnutls_datum_t text;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 2; i++) {
        if (!(i == 0 ? with_certificate : with_key))
            continue;
        assert_int_equal(
            i == 0 ? gnutls_x509_crt_export2(certificate->certificate, GNUTLS_X509_FMT_PEM, &text)
                   : gnutls_x509_privkey_export2(certificate->key, GNUTLS_X509_FMT_PEM, &text),
            0);
        assert_int_equal(fwrite(text.data, 1, text.size, file), text.size);
        gnutls_free(text.data);
    }
    assert_int_equal(fclose(file), 0);
}

static inline void certificate_free(struct certificate *certificate)
{
    gnutls_x509_crt_deinit(certificate->certificate);
    gnutls_x509_privkey_deinit(certificate->key);
}

#endif
