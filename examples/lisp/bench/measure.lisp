; What the benchmarks here begin with: (measure name form value) runs a form, checks its value and
; prints how long it took.

(define-macro (measure name form expected) `(measured ,name (lambda () ,form) ,expected))
(define (measured name thunk expected)
  (let* ((begun (clock-ns)) (result (thunk)) (took (quotient (- (clock-ns) begun) 1000)))
    (unless (equal? result expected) (error "not the right value:" name result expected))
    (display name) (display " ") (display (/ took 1000.0)) (display " ms\n")))
