; Running out of memory is an error like others, and what was held is given back.

(define (hoard) (let loop ((held '())) (loop (cons (make-vector 1000 0) held))))
(unless slow (check-error (hoard) "out of memory"))
(check-error (make-vector 100000000) "out of memory")
(unless slow (check-error (hoard) "out of memory"))
(check (length (iota 100)) 100)
(gc)

; Every object in turn cannot be made: an error or the right value comes of it, and all is well then.
(define (work)
  (define table (make-vector 4 '()))
  (for-each (lambda (i) (vector-set! table (modulo i 4) (cons (* 1.5 i) (vector-ref table (modulo i 4)))))
            (iota 6))
  (eval (list 'define-macro '(twice x) '(list '+ x x)))
  (string-append (write-to-string (vector->list table))
                 (symbol->string (string->symbol (string-append "a" "b")))
                 (number->string (eval '(let* ((x 20) (y (+ x 1))) (case (twice y) ((42) y) (else `(,x))))))))
(define expected (work))
(define (attempt n)
  (try (lambda () (fail-at n) (let ((result (work))) (fail-at 0) result))
       (lambda (raised) (fail-at 0) raised)))
(define failures 0)
(define tried
  (let loop ((n 1))
    (let ((result (attempt n)))
      (if (equal? result expected)
          n
          (begin
            (unless (equal? result '("out of memory")) (error "an unexpected result:" n result))
            (set! failures (+ failures 1))
            (loop (+ n (if slow 37 1))))))))
(unless slow (check failures (- tried 1)))
(check (> tried 100) #t)
(check (equal? (work) expected) #t)
(gc)

; What is written into old objects is found.
(define old (make-vector 100 '()))
(gc)
(do ((i 0 (+ i 1))) ((= i 2000))
  (let ((at (modulo i 100)))
    (vector-set! old at (cons i (if (< (length (vector-ref old at)) 5) (vector-ref old at) '())))))
(check (map car (list (vector-ref old 0) (vector-ref old 99))) '(1900 1999))
(define filled (make-vector 20000 (list 'young))) ; these are so large that they are born old
(define copied (list->vector (map list (iota 5000))))
(iota (if slow 10 100000))
(check (list (vector-ref filled 19999) (vector-ref copied 0) (vector-ref copied 4999))
       '((young) (0) (4999)))
(gc)
(check (fold (lambda (items sum) (+ sum (length items))) 0 (vector->list old)) 500)
(done)
