note("defer " + document.readyState);
