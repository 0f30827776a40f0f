\startpipeline
begin;
select 1;
select name from items where id = 3;
commit;
\endpipeline
