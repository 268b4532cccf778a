(define slow #t)
