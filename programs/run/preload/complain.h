/* One line on stderr, without stdio and without an allocation. */
#ifndef RUN_COMPLAIN_H
#define RUN_COMPLAIN_H

/* Writes "firn run: CALL: 0xBLOCK WHAT" and ends the process by SIGABRT. */
_Noreturn void run_die(const char *call, const void *block, const char *what);

/* Writes "firn run: NAME: WHAT". */
void run_complain(const char *name, const char *what);

#endif
