; Recursion on numbers: fib, Ackermann's function, and fib with flonums.

(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))
(measure "fib" (fib 22) 17711)

(define (ack m n)
  (cond ((= m 0) (+ n 1))
        ((= n 0) (ack (- m 1) 1))
        (else (ack (- m 1) (ack m (- n 1))))))
(measure "ack" (ack 2 40) 83)

(define (fibfp n) (if (< n 2.0) n (+ (fibfp (- n 1.0)) (fibfp (- n 2.0)))))
(measure "fibfp" (fibfp 20.0) 6765.0)
