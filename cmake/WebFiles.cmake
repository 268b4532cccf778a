# Writes OUT, a C file with the texts of FILES (a list, in its order), the table KIND_files of
# HEADER below programs/:
#     cmake -DOUT=web_files.c -DKIND=web -DHEADER=tabs/script/web_files.h -DFILES="a.js;b.js" -P WebFiles.cmake
set(body "#include \"${HEADER}\"\n\n")
set(table "")
set(number 0)
foreach(path ${FILES})
  cmake_path(GET path FILENAME name)
  file(READ ${path} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(REPEAT "0x..," 16 sixteen)
  string(REGEX REPLACE "(${sixteen})" "\\1\n" bytes "${bytes}")
  string(APPEND body "static const char file_${number}[] = {\n${bytes}0};\n")
  string(APPEND table "    {\"${name}\", file_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUT} "${body}\nconst struct ${KIND}_file ${KIND}_files[] = {\n${table}    {0, 0},\n};\n")
