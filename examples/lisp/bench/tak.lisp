; Gabriel's tak: calls of procedures, and little else; and the same with its numbers as lists.

(define (tak x y z)
  (if (not (< y x)) z (tak (tak (- x 1) y z) (tak (- y 1) z x) (tak (- z 1) x y))))
(measure "tak" (tak 18 12 6) 7)

(define (listn n) (if (= n 0) '() (cons n (listn (- n 1)))))
(define (shorter? x y) (and (pair? y) (or (null? x) (shorter? (cdr x) (cdr y)))))
(define (mas x y z)
  (if (not (shorter? y x)) z (mas (mas (cdr x) y z) (mas (cdr y) z x) (mas (cdr z) x y))))
(measure "takl" (length (mas (listn 12) (listn 8) (listn 4))) 5)

(define (ctak x y z) (call/ec (lambda (k) (ctak-aux k x y z))))
(define (ctak-aux k x y z)
  (if (not (< y x))
      (k z)
      (call/ec
        (lambda (k)
          (ctak-aux k
                    (call/ec (lambda (k) (ctak-aux k (- x 1) y z)))
                    (call/ec (lambda (k) (ctak-aux k (- y 1) z x)))
                    (call/ec (lambda (k) (ctak-aux k (- z 1) x y))))))))
(measure "ctak" (ctak 9 6 3) 6)
