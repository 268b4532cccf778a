; What the tests here begin with: (check form value) and (check-error form message irritant ...).

(define slow #f) ; slow.lisp, which may come next, says that whatever is made takes long
(define %checks 0)
(define (checked actual expected form)
  (set! %checks (+ %checks 1))
  (unless (equal? actual expected)
    (error "the value is not as expected:" form actual expected)))
(define-macro (check form expected) `(checked ,form ,expected ',form))
(define-macro (check-error form . expected)
  `(checked (try (lambda () ,form (list "no error")) (lambda (raised) raised))
            (list ,@expected)
            ',form))
(define (done) (display %checks) (display " checks\n"))
