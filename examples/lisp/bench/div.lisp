; Gabriel's div: a list of n elements halved, by iteration and by recursion.

(define (create-n n) (do ((n n (- n 1)) (a '() (cons '() a))) ((= n 0) a)))
(define halved (create-n 200))
(define (iterative l) (do ((l l (cddr l)) (a '() (cons (car l) a))) ((null? l) a)))
(define (recursive l) (if (null? l) '() (cons (car l) (recursive (cddr l)))))
(define (times n f) (do ((i n (- i 1)) (r #f (f))) ((= i 0) (length r))))
(measure "diviter" (times 600 (lambda () (iterative halved))) 100)
(measure "divrec" (times 600 (lambda () (recursive halved))) 100)
