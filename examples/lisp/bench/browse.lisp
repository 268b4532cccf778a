; Gabriel's browse: patterns with ? and * are matched against lists of symbols in a database.

(define seed 21)
(define (browse-random)
  (set! seed (remainder (* seed 17) 251))
  seed)
(define (begins-with? symbol byte) (eq? (string-ref (symbol->string symbol) 0) byte)) ; 63 is ?, 42 *

(define (rotated l n) ; n of the elements of l, from some place on
  (if (= n 0)
      '()
      (let ((rest (list-tail l (remainder (browse-random) (length l)))))
        (cons (car rest) (rotated l (- n 1))))))
(define (make-unit number patterns)
  (cons (string->symbol (string-append "unit" (number->string number)))
        (rotated patterns (length patterns))))
(define (make-database n patterns)
  (map (lambda (i) (make-unit i patterns)) (iota n)))

(define (match? pat dat bound)
  (cond ((null? pat) (null? dat))
        ((null? dat) (and (symbol? (car pat)) (begins-with? (car pat) 42) (match? (cdr pat) '() bound)))
        ((or (eq? (car pat) '?) (equal? (car pat) (car dat))) (match? (cdr pat) (cdr dat) bound))
        ((eq? (car pat) '*)
         (or (match? (cdr pat) dat bound)
             (match? (cdr pat) (cdr dat) bound)
             (match? pat (cdr dat) bound)))
        ((pair? (car pat))
         (and (pair? (car dat))
              (match? (car pat) (car dat) bound)
              (match? (cdr pat) (cdr dat) bound)))
        ((begins-with? (car pat) 63)
         (let ((known (assq (car pat) bound)))
           (if known
               (match? (cons (cdr known) (cdr pat)) dat bound)
               (match? (cdr pat) (cdr dat) (cons (cons (car pat) (car dat)) bound)))))
        ((begins-with? (car pat) 42)
         (let ((known (assq (car pat) bound)))
           (if known
               (match? (append (cdr known) (cdr pat)) dat bound)
               (let loop ((taken '()) (rest dat))
                 (or (match? (cdr pat) rest (cons (cons (car pat) (reverse taken)) bound))
                     (and (pair? rest) (loop (cons (car rest) taken) (cdr rest))))))))
        (else #f)))
(define (browse database patterns)
  (fold (lambda (unit sum)
          (fold (lambda (pattern sum)
                  (fold (lambda (dat sum) (if (match? pattern dat '()) (+ sum 1) sum)) sum (cdr unit)))
                sum
                patterns))
        0
        database))

(define database
  (make-database 20
                 '((a a a b b b b a a a a a b b a a a)
                   (a a b b b b a a (a a) (b b))
                   (a a a b (b a) b a b a))))
(measure "browse"
         (browse database '((*a ?b *b ?b a *a a *b *a) (*a *b *b *a (*a) (*b)) (? ? * (b a) * ? ?)))
         60)
