note("c");
