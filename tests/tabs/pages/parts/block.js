note("block " + document.scripts.length);
