(* The workloads of trees.c and map.c for OCaml's collector, as it comes. *)

let random_next state =
  let x = !state in
  let x = x lxor (x lsl 13) land 0xffffffff in
  let x = x lxor (x lsr 17) in
  let x = x lxor (x lsl 5) land 0xffffffff in
  state := x;
  x

let random_below state bound = (random_next state * bound) lsr 32

let print_times cpu wall =
  Printf.printf "seconds %.6f\nwall_seconds %.6f\n" (Sys.time () -. cpu)
    (Unix.gettimeofday () -. wall)

(* --- binary trees --- *)

type tree = Empty | Pair of tree * tree

(* A leaf is made each time, as by all others. *)
let rec bottom_up depth =
  if depth = 0 then Pair (Sys.opaque_identity Empty, Empty)
  else
    let left = bottom_up (depth - 1) in
    let right = bottom_up (depth - 1) in
    Pair (left, right)

(* As one writes it in OCaml: the compiler makes one constant of all leaves, which are half of the
   objects. *)
let rec bottom_up_constant depth =
  if depth = 0 then Pair (Empty, Empty)
  else
    let left = bottom_up_constant (depth - 1) in
    let right = bottom_up_constant (depth - 1) in
    Pair (left, right)

let rec check = function
  | Empty -> 0
  | Pair (left, right) -> 1 + check left + check right

let trees bottom_up depth =
  let cpu = Sys.time () and wall = Unix.gettimeofday () in
  let checksum = ref (check (bottom_up (depth + 1))) in
  let kept = bottom_up depth in
  let small = ref 4 in
  while !small <= depth do
    for _ = 1 to 1 lsl (depth - !small + 4) do
      checksum := !checksum + check (bottom_up !small)
    done;
    small := !small + 2
  done;
  checksum := !checksum + check kept;
  print_times cpu wall;
  Printf.printf "checksum %d\n" !checksum

(* --- GCBench --- *)

type node =
  | Nil
  | Node of { mutable left : node; mutable right : node; mutable i : int; mutable j : int }

let make_node left right = Node { left; right; i = 0; j = 0 }

let rec populate depth = function
  | Nil -> ()
  | Node node ->
      if depth > 0 then begin
        node.left <- make_node Nil Nil;
        node.right <- make_node Nil Nil;
        populate (depth - 1) node.left;
        populate (depth - 1) node.right
      end

let top_down depth =
  let node = make_node Nil Nil in
  populate depth node;
  node

let rec make_tree depth =
  if depth = 0 then make_node Nil Nil
  else
    let left = make_tree (depth - 1) in
    let right = make_tree (depth - 1) in
    make_node left right

let rec count_nodes = function
  | Nil -> 0
  | Node node -> 1 + count_nodes node.left + count_nodes node.right

let tree_size depth = (2 lsl depth) - 1

let make_trees depth stretch =
  let trees = 2 * tree_size stretch / tree_size depth in
  for _ = 1 to trees do
    ignore (Sys.opaque_identity (top_down depth))
  done;
  for _ = 1 to trees do
    ignore (Sys.opaque_identity (make_tree depth))
  done;
  trees

let gcbench depth =
  let cpu = Sys.time () and wall = Unix.gettimeofday () in
  ignore (Sys.opaque_identity (make_tree (depth + 2)));
  let kept = top_down depth in
  let values =
    Array.init 500000 (fun i -> if i < 250000 then 1.0 /. float_of_int (i + 1) else 0.0)
  in
  let checksum = ref 0 in
  let small = ref 4 in
  while !small <= depth do
    checksum := !checksum + make_trees !small (depth + 2);
    small := !small + 2
  done;
  checksum := !checksum + count_nodes kept + int_of_float (values.(999) *. 1000.0);
  print_times cpu wall;
  Printf.printf "checksum %d\n" !checksum

(* --- the map --- *)

let batch = 32
let operations = 4000000

type entry =
  | None
  | Entry of { mutable next : entry; key : Bytes.t; mutable value : Bytes.t }

let digits = "0123456789abcdef"

let make_key number =
  let key = Bytes.create 12 in
  Bytes.blit_string "key-" 0 key 0 4;
  for i = 0 to 7 do
    Bytes.unsafe_set key (4 + i)
      (String.unsafe_get digits ((number lsr (28 - (4 * i))) land 15))
  done;
  key

let bucket_of key bits =
  let hash = ref 2166136261 in
  for i = 0 to 11 do
    hash := (!hash lxor Char.code (Bytes.unsafe_get key i)) * 16777619 land 0xffffffff
  done;
  !hash * 0x9e3779b1 land 0xffffffff lsr (32 - bits)

let make_value random =
  let value = Bytes.create (15 + (8 * (random land 3))) in
  Bytes.set_int32_le value 0 (Int32.of_int random);
  value

let value_of value = Int32.to_int (Bytes.get_int32_le value 0) land 0xffffffff

let map entries =
  let keys = entries / 2 * 3 in
  let bits = ref 0 in
  while 1 lsl !bits < entries do incr bits done;
  let bits = !bits in
  let buckets = Array.make (1 lsl bits) None in
  let sequence = ref 2463534242 and count = ref 0 and checksum = ref 0 in
  let insert key bucket random =
    let value = make_value random in
    buckets.(bucket) <- Entry { next = buckets.(bucket); key; value };
    incr count
  in
  let take_out previous bucket next =
    (match previous with
    | None -> buckets.(bucket) <- next
    | Entry previous -> previous.next <- next);
    decr count
  in
  let rec find filling key bucket random previous entry =
    match entry with
    | None -> insert key bucket (random lsr 1)
    | Entry found ->
        if not (Bytes.equal found.key key) then
          find filling key bucket random entry found.next
        else if (not filling) && random land 1 <> 0 then begin
          let value = make_value (random lsr 1) in
          checksum := (!checksum + value_of found.value) land 0xffffffff;
          found.value <- value
        end
        else if not filling then begin
          checksum := (!checksum + (value_of found.value * 3)) land 0xffffffff;
          take_out previous bucket found.next
        end
  in
  let operate filling =
    let key = make_key (random_below sequence keys) in
    let bucket = bucket_of key bits in
    let random = random_next sequence in
    find filling key bucket random None buckets.(bucket)
  in
  let filling = ref true and i = ref 0 in
  let gap_wall = ref 0.0 and gap_cpu = ref 0.0 in
  let last_wall = ref (Unix.gettimeofday ()) and last_cpu = ref (Sys.time ()) in
  let begin_wall = ref 0.0 and begin_cpu = ref 0.0 in
  while !i < operations do
    for _ = 1 to batch do operate !filling done;
    if not !filling then i := !i + batch;
    let wall = Unix.gettimeofday () and cpu = Sys.time () in
    if wall -. !last_wall > !gap_wall then gap_wall := wall -. !last_wall;
    if cpu -. !last_cpu > !gap_cpu then gap_cpu := cpu -. !last_cpu;
    last_wall := wall;
    last_cpu := cpu;
    if !filling && !count >= entries then begin
      filling := false;
      begin_wall := wall;
      begin_cpu := cpu
    end
  done;
  let per_operation seconds = seconds *. 1e9 /. float_of_int operations in
  Printf.printf "operation_ns %.3f\n" (per_operation (!last_cpu -. !begin_cpu));
  Printf.printf "operation_wall_ns %.3f\n" (per_operation (!last_wall -. !begin_wall));
  Printf.printf "pause_ns %.0f\npause_cpu_ns %.0f\n" (!gap_wall *. 1e9) (!gap_cpu *. 1e9);
  Printf.printf "checksum %d\n" (!checksum lxor !count)

let () =
  let size = int_of_string Sys.argv.(2) in
  match Sys.argv.(1) with
  | "trees" -> trees bottom_up size
  | "trees-constant" -> trees bottom_up_constant size
  | "gcbench" -> gcbench size
  | "map" -> map size
  | _ -> exit 2
