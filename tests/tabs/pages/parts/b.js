note("b");
