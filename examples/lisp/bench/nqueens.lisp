; In how many ways n queens stand on a board without threatening each other.

(define (one-to n) (let loop ((i n) (l '())) (if (= i 0) l (loop (- i 1) (cons i l)))))
(define (ok? row dist placed)
  (or (null? placed)
      (and (not (= (car placed) (+ row dist)))
           (not (= (car placed) (- row dist)))
           (ok? row (+ dist 1) (cdr placed)))))
(define (attempt x y z)
  (if (null? x)
      (if (null? y) 1 0)
      (+ (if (ok? (car x) 1 z) (attempt (append (cdr x) y) '() (cons (car x) z)) 0)
         (attempt (cdr x) (cons (car x) y) z))))
(measure "nqueens" (attempt (one-to 8) '() '()) 92)
