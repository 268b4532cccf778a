// A server on fasthttp, for bench/http: fasthttp PORT. At SIGUSR1 it writes how often its program
// has asked for memory, which no preloaded library sees, to the file that FIRN_BENCH_LEDGER names.
package main

import (
	"encoding/binary"
	"log"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/valyala/fasthttp"
)

func tell(path string) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	for range signals {
		var stats runtime.MemStats
		var number [8]byte
		runtime.ReadMemStats(&stats)
		binary.LittleEndian.PutUint64(number[:], stats.Mallocs)
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			_, err = file.WriteAt(number[:], 0)
		}
		if err == nil {
			err = file.Close()
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

func main() {
	body := []byte("hello, world\n")
	if path := os.Getenv("FIRN_BENCH_LEDGER"); path != "" {
		go tell(path)
	}
	server := &fasthttp.Server{Handler: func(context *fasthttp.RequestCtx) {
		context.SetContentType("text/plain")
		context.SetBody(body)
	}}
	log.Fatal(server.ListenAndServe("127.0.0.1:" + os.Args[1]))
}
