# What every target of the project shares: the dependencies, the compiler's settings, and how a module or a test is made.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)    # the build folder can be moved, or copied into an image, as a whole

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()
# Symbols are resolved at the start: resolving one at its first call saves the vector registers, and the text that is in
# them, on the stack below whatever wipes the stack. And so the tables of addresses can be read-only.
add_link_options(-Wl,-z,relro,-z,now)

find_package(absl REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(spdlog REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_package(PkgConfig REQUIRED)
find_package(Protobuf REQUIRED)
# Only what we use of libtorch: its own CMake package drags in the whole of Caffe2's flags.
find_path(TORCH_INCLUDE_DIR ATen/ATen.h REQUIRED)
find_library(TORCH_LIBRARY torch_cpu REQUIRED)
find_library(C10_LIBRARY c10 REQUIRED)
add_library(idiolect_aten INTERFACE)
target_include_directories(idiolect_aten SYSTEM INTERFACE "${TORCH_INCLUDE_DIR}")
target_link_libraries(idiolect_aten INTERFACE "${TORCH_LIBRARY}" "${C10_LIBRARY}")
# A libtorch with CUDA: nothing of ours names a symbol of these, they register themselves when they are loaded.
find_library(TORCH_CUDA_LIBRARY torch_cuda)
find_library(C10_CUDA_LIBRARY c10_cuda)
if(TORCH_CUDA_LIBRARY AND C10_CUDA_LIBRARY)
  target_link_libraries(idiolect_aten INTERFACE -Wl,--no-as-needed "${TORCH_CUDA_LIBRARY}" "${C10_CUDA_LIBRARY}" -Wl,--as-needed)
endif()
if(IDIOLECT_SERVER)
  find_package(gRPC REQUIRED)
  find_package(SQLite3 REQUIRED)
  pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
endif()

add_library(idiolect_flags INTERFACE)
target_compile_options(idiolect_flags INTERFACE -Wall -Wextra -Wno-unused-parameter -Werror)
if(IDIOLECT_SANITIZE)
  add_compile_options(-fsanitize=${IDIOLECT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${IDIOLECT_SANITIZE})
endif()

# idiolect_module(NAME SOURCES … PUBLIC … PRIVATE …): the library of src/NAME. Its headers are included as "NAME/file.h".
function(idiolect_module name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(idiolect_${name} STATIC ${arg_SOURCES})
  target_include_directories(idiolect_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(idiolect_${name} PUBLIC idiolect_api ${arg_PUBLIC} PRIVATE idiolect_flags ${arg_PRIVATE})
endfunction()

# idiolect_test(NAME SOURCES … LINK … [LABELS …]): one test program; every TEST in it becomes a ctest test NAME.Suite.Case.
function(idiolect_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_LINK} idiolect_flags GTest::gtest GTest::gmock GTest::gtest_main)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${name};${arg_LABELS}" TIMEOUT 300 ENVIRONMENT "OMP_NUM_THREADS=1;OPENBLAS_NUM_THREADS=1")
endfunction()

# The same tests once more, as on a processor without AVX-512 (kernels/cpu.h); on such a one it's the same test twice.
function(idiolect_test_on_avx2 name)
  set(filter "*")
  if(ARGC GREATER 1)
    set(filter "${ARGV1}")
  endif()
  add_test(NAME ${name}.on_avx2 COMMAND ${name} "--gtest_filter=${filter}" --gtest_brief=1)
  set_tests_properties(${name}.on_avx2 PROPERTIES LABELS ${name} TIMEOUT 300
    ENVIRONMENT "OMP_NUM_THREADS=1;OPENBLAS_NUM_THREADS=1;ONEDNN_MAX_CPU_ISA=AVX2")
endfunction()
