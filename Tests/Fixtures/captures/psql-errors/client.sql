selec 1;
insert into items values (1, 'again', 0, null);
begin;
select 1/0;
select 2;
rollback;
select 'a' || 1/0 from items; select 3;
