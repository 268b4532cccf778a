/* The machine in a line: "AMD EPYC 7763, 2 processors, 24.0 GB". */
#ifndef FIRN_PROGRAMS_MACHINE_H
#define FIRN_PROGRAMS_MACHINE_H

#define MACHINE_BYTES 256 /* room that it needs */

/* Writes into text and returns it. */
char *machine_describe(char text[MACHINE_BYTES]);

#endif
