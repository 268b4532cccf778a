; Gabriel's deriv: symbolic derivatives, which make short-lived lists.

(define (deriv a)
  (cond ((not (pair? a)) (if (eq? a 'x) 1 0))
        ((eq? (car a) '+) (cons '+ (map deriv (cdr a))))
        ((eq? (car a) '-) (cons '- (map deriv (cdr a))))
        ((eq? (car a) '*)
         (list '* a (cons '+ (map (lambda (a) (list '/ (deriv a) a)) (cdr a)))))
        ((eq? (car a) '/)
         (list '-
               (list '/ (deriv (cadr a)) (caddr a))
               (list '/ (cadr a) (list '* (caddr a) (caddr a) (deriv (caddr a))))))
        (else (error "no derivation for" (car a)))))
(measure "deriv"
         (do ((i 0 (+ i 1)) (d #f (deriv '(+ (* 3 x x) (* a x x) (* b x) 5)))) ((= i 1000) d))
         '(+ (* (* 3 x x) (+ (/ 0 3) (/ 1 x) (/ 1 x)))
             (* (* a x x) (+ (/ 0 a) (/ 1 x) (/ 1 x)))
             (* (* b x) (+ (/ 0 b) (/ 1 x)))
             0))
